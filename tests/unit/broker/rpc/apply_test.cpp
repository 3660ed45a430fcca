// Apply: who waits for the end, and what the loss of the caller means.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

std::string reason_of(House& house) { return std::string{house.broker->engine.core().find(JobId{1})->reason}; }

}  // namespace

TEST_CASE("apply answers once, with the end, called with more, first with the id") {
  House house;
  const auto plain = house.broker->call("Pool.Apply", kSquare);
  const auto with_more = house.broker->call("Pool.Apply", kSquare, true);
  CHECK(plain->continued.empty());
  REQUIRE(with_more->continued.size() == 1);
  CHECK(parsed(with_more->continued.front()) == nlohmann::json{{"id", 2}});
  house.run_all();
  CHECK(plain->answers == 1);
  CHECK(plain->answer()["result"] == "49");
  CHECK(with_more->answers == 1);
  CHECK(with_more->answer()["id"] == 2);
  CHECK(is_let_go(plain));
  CHECK(is_let_go(with_more));
}

TEST_CASE("a caller of apply that hangs up takes a job along that has not started") {
  House house(0);
  const auto call = house.broker->call("Pool.Apply", kSquare);
  call->hang_up();
  const Job* job = house.broker->engine.core().find(JobId{1});
  REQUIRE(job != nullptr);
  CHECK(job->outcome == Outcome::cancelled);
  CHECK(reason_of(house) == "its caller went away");
  CHECK(call->answers == 0);
  CHECK(is_let_go(call));
}

TEST_CASE("a caller of apply that hangs up stops its running command") {
  House house;
  const auto call = house.broker->call("Pool.Apply", kSleep);
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  house.turn();
  call->hang_up();
  const auto order = control::receive_order(house.worker().orders.get());
  REQUIRE(order);
  CHECK(order->order.kind == control::OrderKind::stop);
  CHECK(order->order.usec == 60'000'000);  // its own grace
  CHECK(is_let_go(call));
}

TEST_CASE("with detach the end of the connection means nothing") {
  House house(0);
  const auto call = house.broker->call("Pool.Apply", R"({"job":{"function":"square","detach":true}})");
  call->hang_up();
  CHECK(house.broker->engine.core().find(JobId{1})->state == JobState::ready);
  CHECK(is_let_go(call));
}

TEST_CASE("of two callers with one key the last to leave takes the job along") {
  House house(0);
  const auto first = house.broker->apply("k"), second = house.broker->apply("k");
  first->hang_up();
  CHECK(house.broker->engine.core().find(JobId{1})->state == JobState::ready);
  second->hang_up();
  CHECK(house.broker->engine.core().find(JobId{1})->outcome == Outcome::cancelled);
}

TEST_CASE("a caller whose acceptance waits for a commit keeps the job from leaving with the last one before it") {
  // The bug: that one's end cancelled the job, though another was about to be accepted by the same key.
  House house(0);
  const std::string durable = R"({"job":{"function":"square","key":"k","durable":true}})";
  const auto first = house.broker->call("Pool.Apply", durable);
  house.turn();
  house.commit();
  submit(house, R"({"job":{"function":"square"}})");  // what the second call's answer waits for
  const auto second = house.broker->call("Pool.Apply", durable);
  first->hang_up();
  const Job* job = house.broker->engine.core().find(JobId{1});
  CHECK(job->state == JobState::ready);
  house.turn();
  house.commit();
  CHECK(second->answers == 0);
  second->hang_up();
  CHECK(job->outcome == Outcome::cancelled);
}

TEST_CASE("apply-async answers the id at once, and its caller may go") {
  House house(0);
  const auto call = submit(house, kSquare);
  CHECK(call->answers == 1);
  CHECK(parsed(call->parameters) == nlohmann::json{{"id", 1}});
  CHECK_FALSE(call->on_hangup);
  CHECK(is_let_go(call));
}

TEST_CASE("large results whose callers have them make room for others, the oldest first") {
  // The bug: a thousand of them were kept, whatever their size, until the ledger was full and results were lost.
  House house;
  const std::string large = "\"" + std::string(200'000, 'x') + "\"";
  constexpr std::uint64_t kCount = 40, kMost = LedgerSize{}.heap_bytes / 512;
  static_assert(kCount * 200'000 > kMost);
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const std::string key = i == 0 ? R"(,"key":"nightly")" : "";  // who chose one may come with it again
    const auto call = house.broker->call("Pool.Apply", R"({"job":{"function":"square")" + key + "}}");
    house.turn();
    const auto claim = house.worker().claim();
    REQUIRE(claim);
    house.worker().report_start(*claim);
    house.worker().report_in_pieces(*claim, large);
    house.turn();
    REQUIRE(call->answers == 1);
    if (i % 20 == 0) REQUIRE(call->answer()["result"] == large);  // to read each takes a long time without optimisation
  }
  CHECK(house.broker->engine.core().find(JobId{1}) != nullptr);
  CHECK(house.broker->engine.core().find(JobId{2}) == nullptr);
  CHECK(house.broker->engine.core().find(JobId{kCount}) != nullptr);
  CHECK(house.broker->engine.ledger().heap_used() <= 2 * kMost);  // blocks are larger than what is in them
}
