// How long the store's thread waits for company, by a clock turned by hand; and what wakes it while it does.
#include <thread>

#include "daemon/broker/store/commit_time.hpp"
#include "daemon/broker/store/mailbox.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait_until.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint kBegin = TimePoint{} + 1h;

// A store's thread that waits once.
class Sleeper {
 public:
  Sleeper(Mailbox& mailbox, Urgency wakes) : thread_([this, &mailbox, wakes] { work_ = mailbox.wait(Clock::now() + 1h, wakes); }) {
    REQUIRE(testing::wait_until([&] { return mailbox.is_awaited(); }));
  }
  // Requires: it has been woken, or will be.
  Work work() {
    thread_.join();
    return std::move(work_);
  }

 private:
  Work work_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("what is wanted now is due at once, and takes along what is not") {
  CommitTime time;
  CHECK(time.due() == TimePoint::max());
  time.was_handed_over(Urgency::later, kBegin);
  CHECK(time.due() == kBegin + CommitTime::kCompany);
  time.was_handed_over(Urgency::now, kBegin + 1ms);
  CHECK(time.due() <= kBegin);
  time.has_committed(300us);
  CHECK(time.due() == TimePoint::max());
}

TEST_CASE("what is wanted later is due some time after the first of it came, however much follows") {
  CommitTime time;
  for (auto after = 0us; after < 3ms; after += 100us) time.was_handed_over(Urgency::later, kBegin + after);
  CHECK(time.due() == kBegin + CommitTime::kCompany);
}

TEST_CASE("what is wanted soon is due after as long as a commit takes") {
  CommitTime time;
  for (int i = 0; i < 100; ++i) time.has_committed(200us);
  time.has_committed(0us);  // nothing was written: that says nothing
  time.was_handed_over(Urgency::soon, kBegin);
  CHECK(time.due() >= kBegin + 200us);
  CHECK(time.due() < kBegin + 210us);
  for (int i = 0; i < 100; ++i) time.has_committed(1s);  // a disk's bad moments
  time.was_handed_over(Urgency::soon, kBegin);
  CHECK(time.due() > kBegin + 4ms);
  CHECK(time.due() <= kBegin + CommitTime::kLongCommit);
  time.was_handed_over(Urgency::later, kBegin);
  CHECK(time.due() == kBegin + CommitTime::kCompany);
}

TEST_CASE("what could not be committed is due when it was put off to") {
  CommitTime time;
  time.was_handed_over(Urgency::now, kBegin);
  time.put_off(kBegin + 1s);
  CHECK(time.due() == kBegin + 1s);
}

TEST_CASE("a store's thread that waits for company is woken by what is urgent, and finds the rest then") {
  const auto mailbox = Mailbox::create();
  REQUIRE(mailbox);
  Sleeper sleeper(**mailbox, Urgency::soon);
  (*mailbox)->put(WaitingBatch{1, {}, Urgency::later});
  (*mailbox)->put(WaitingBatch{2, {}, Urgency::later});
  CHECK((*mailbox)->is_awaited());  // it sleeps on, and would begin at once
  (*mailbox)->put(WaitingBatch{3, {}, Urgency::soon});
  CHECK(sleeper.work().batches.size() == 3);
}

TEST_CASE("a store's thread that has nothing to do is woken by anything") {
  const auto mailbox = Mailbox::create();
  REQUIRE(mailbox);
  Sleeper sleeper(**mailbox, Urgency::later);
  SECTION("that may wait") { (*mailbox)->put(WaitingBatch{1, {}, Urgency::later}); }
  SECTION("that is asked") { (*mailbox)->put(ResultRequest{JobId{1}, {}}); }
  SECTION("that is the end") { (*mailbox)->close(); }
  CHECK_FALSE((*mailbox)->is_awaited());
  const Work work = sleeper.work();
  CHECK(work.batches.size() + work.requests.size() + (work.is_last ? 1 : 0) == 1);
}

TEST_CASE("what came while the store's thread was at work it finds without a wait, however little urgent") {
  const auto mailbox = Mailbox::create();
  REQUIRE(mailbox);
  (*mailbox)->put(WaitingBatch{1, {}, Urgency::later});
  CHECK((*mailbox)->wait(TimePoint::max(), Urgency::now).batches.size() == 1);
}
