// Who finds room, who waits for it, and who is sent away.
#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

Submit blocking(std::uint64_t token, uid_t uid = 0) {
  Submit event = CoreDriver::a_submission();
  event.token = Token{token};
  event.uid = uid;
  event.if_full = IfFull::block;
  return event;
}

CoreLimits at_most(std::size_t jobs, std::size_t of_one = 1'000) {
  CoreLimits limits;
  limits.max_queued_jobs = jobs;
  limits.max_queued_of_one = of_one;
  return limits;
}

}  // namespace

TEST_CASE("one submitter's quota leaves room for the others") {
  CoreDriver driver{at_most(10, 1)};
  driver.submit(blocking(1, 100));
  Submit second = CoreDriver::a_submission();
  second.uid = 100;
  driver.tell(std::move(second));
  REQUIRE(driver.find<Refused>() != nullptr);
  CHECK(driver.find<Refused>()->why == Refusal::quota_full);
  driver.submit(blocking(2, 200));
}

TEST_CASE("those who wait for room are taken in the order they came, also before one that comes when there is some") {
  // The bug: a submission that came in the turn in which room was made was taken before those that waited for it.
  CoreDriver driver{at_most(1)};
  const JobId first = driver.submit();
  driver.tell(blocking(11));
  CHECK(driver.effects.empty());
  driver.tell(blocking(12));
  driver.tell(Cancel{first, Cancel::Haste::grace, "room"});
  driver.tell(blocking(13));
  REQUIRE(driver.all<Accepted>().size() == 1);
  const JobId next = driver.find<Accepted>()->job;
  CHECK(driver.find<Accepted>()->token == Token{11});
  driver.tell(Cancel{next, Cancel::Haste::grace, "room"});
  driver.end_turn();
  REQUIRE(driver.all<Accepted>().size() == 1);
  CHECK(driver.find<Accepted>()->token == Token{12});
}

TEST_CASE("what jobs wait for is counted with their bytes, and given back however that is over") {
  // The bug: dependencies were counted nowhere, so that a few small messages could fill the memory.
  CoreLimits limits;
  limits.max_queued_bytes = 4 * 7 + kDependencyBytes;  // four payloads, and one dependency
  CoreDriver driver{limits};
  driver.join(1);
  const JobId first = driver.submit(), other = driver.submit();
  driver.end_turn();
  driver.start(first);  // of its payload nobody waits any more
  const auto after = [](JobId job, std::uint64_t token) {
    Submit event = blocking(token);
    event.after = {{job, Dependency::Needs::end}};
    return event;
  };
  const JobId waits = driver.submit(after(first, 1));
  driver.tell(after(other, 11));
  driver.end_turn();
  CHECK(driver.all<Accepted>().empty());
  SECTION("what it waits for ends") { driver.report(first); }
  SECTION("it is cancelled") { driver.tell(Cancel{waits, Cancel::Haste::grace, "no more"}); }
  SECTION("it could not be stored") { driver.tell(NotStored{waits}); }
  driver.end_turn();
  REQUIRE(driver.all<Accepted>().size() == 1);
  CHECK(driver.find<Accepted>()->token == Token{11});
}

TEST_CASE("what inherited jobs wait for is counted as that of others") {
  CoreLimits limits;
  limits.max_queued_bytes = 4 * 7 + kDependencyBytes;
  CoreDriver driver{limits};
  for (const std::uint64_t id : {1, 2}) {
    Job job;
    job.mode = Mode::apply_async;
    job.flags.durable = true;
    job.id = JobId{id};
    job.payload = "payload";
    const Dependencies after = id == 1 ? Dependencies{} : Dependencies(2, {JobId{1}, Dependency::Needs::end});  // twice is as once
    driver.tell(Inherited{std::move(job), after, Inherited::Place::queued});
  }
  Submit next = CoreDriver::a_submission();
  driver.submit(next);
  next.after.push_back({JobId{1}, Dependency::Needs::end});
  driver.tell(std::move(next));
  REQUIRE(driver.find<Refused>() != nullptr);
  CHECK(driver.find<Refused>()->why == Refusal::queue_full);
  driver.submit();
  driver.tell(CoreDriver::a_submission());
  CHECK(driver.find<Refused>() != nullptr);
}

// A key that came again in the turn in which room was made for the first that had it was given to two jobs. Found by tests/simulation.
TEST_CASE("one that waits for room and its key that comes again are one job") {
  CoreDriver driver{at_most(2)};
  driver.submit();
  const JobId other = driver.submit();
  Submit first = blocking(11);
  first.key = "k";
  Submit again = first;
  again.token = Token{12};
  driver.tell(std::move(first));
  driver.tell(Cancel{other, Cancel::Haste::grace, "room"});
  driver.tell(Cancel{JobId{1}, Cancel::Haste::grace, "room"});
  driver.tell(std::move(again));
  const auto accepted = driver.all<Accepted>();
  REQUIRE(accepted.size() == 2);
  CHECK(accepted[0].token == Token{11});
  CHECK(accepted[1].kind == Accepted::Kind::known);
  CHECK(accepted[0].job == accepted[1].job);
}

TEST_CASE("the ids of those that wait for room are counted before they have them") {
  CoreDriver driver{at_most(1)};
  const JobId first = driver.submit();
  driver.tell(blocking(11));
  CHECK(driver.core.next_id() == JobId{2});
  CHECK(driver.core.next_id_after_turn() == JobId{3});
  driver.tell(Cancel{first, Cancel::Haste::grace, "room"});
  driver.end_turn();
  CHECK(driver.core.next_id() == JobId{3});
  CHECK(driver.core.next_id_after_turn() == JobId{3});
}

TEST_CASE("one that finds no room still does not hold up the others") {
  CoreDriver driver{at_most(3, 1)};
  driver.submit(blocking(1, 100));
  const JobId other = driver.submit(blocking(2, 200));
  driver.tell(blocking(11, 100));
  driver.tell(blocking(12, 200));
  CHECK(driver.effects.empty());
  driver.tell(Cancel{other, Cancel::Haste::grace, "room"});
  driver.end_turn();
  REQUIRE(driver.all<Accepted>().size() == 1);
  CHECK(driver.find<Accepted>()->token == Token{12});
}

TEST_CASE("a caller that went away waits no more, and is answered once") {
  CoreDriver driver{at_most(1)};
  const JobId first = driver.submit();
  driver.tell(blocking(11));
  driver.tell(Withdraw{Token{11}});
  REQUIRE(driver.find<Refused>() != nullptr);
  CHECK(driver.find<Refused>()->why == Refusal::withdrawn);
  driver.tell(Withdraw{Token{11}});
  CHECK(driver.effects.empty());
  driver.tell(Cancel{first, Cancel::Haste::grace, "room"});
  driver.end_turn();
  CHECK(driver.all<Accepted>().empty());
}

TEST_CASE("a drain refuses those who wait for room") {
  CoreDriver driver{at_most(1)};
  driver.submit();
  driver.tell(blocking(11));
  driver.tell(Drain{});
  REQUIRE(driver.find<Refused>() != nullptr);
  CHECK(driver.find<Refused>()->token == Token{11});
  CHECK(driver.find<Refused>()->why == Refusal::not_running);
}
