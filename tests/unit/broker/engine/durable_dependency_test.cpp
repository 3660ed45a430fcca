// What durable jobs come after may be ephemeral: that it ended as it must outlives every record of it.
#include "tests/unit/broker/engine/house.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

// Of job 1, which is ephemeral; this one would wait for an hour more.
std::string later(const std::string& condition) {
  return R"({"job":{"function":"square","arguments":"[7]",)" + condition + R"(,"delayUSec":3600000000}})";
}

void let_end(House& house, Ending ending) {
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  Report report;
  report.ending = ending;
  report.ended_usec = wall_usec();
  house.worker().report(*claim, report);
  house.turn();
}

const Job& second(House& house) {
  const Job* job = house.broker->engine.core().find(JobId{2});
  REQUIRE(job != nullptr);
  return *job;
}

void check_waits_for_its_time(House& house) {
  CHECK(second(house).state == JobState::waiting);
  CHECK(second(house).waits_for == WaitsFor::time);
}

// Job 1, which was submitted, ends and is removed; job 2 came after it.
void forget_before_its_meaning_is_on_disk(House& house) {
  house.broker->call("Pool.ApplyAsync", later(R"("after":[1])"));
  house.turn();
  house.commit();
  let_end(house, Ending::returned);
  house.next_broker();
  house.broker->call("Job.Remove", R"({"ids":[1]})");
  house.turn();
  REQUIRE(house.broker->engine.core().find(JobId{1}) == nullptr);
  REQUIRE(house.broker->engine.ledger().has(JobId{1}));
}

struct Condition {
  std::string text;
  Ending ending;
};
Condition any_condition() {
  return GENERATE(Condition{R"("after":[1])", Ending::returned}, Condition{R"("afterFailed":[1])", Ending::threw});
}

}  // namespace

TEST_CASE("what an accepted job came after may be gone with its host: it had ended as it must") {
  // The bug: an ephemeral job that had succeeded before a durable one was accepted was looked for again after a restart, and the durable
  // one was skipped since no record of it was left.
  const Condition condition = any_condition();
  House house;
  house.broker->apply("k");
  let_end(house, condition.ending);
  house.broker->call("Pool.ApplyAsync", later(condition.text));
  house.turn();
  house.commit();
  check_waits_for_its_time(house);
  house.next_host();
  CHECK(house.broker->engine.core().find(JobId{1}) == nullptr);
  check_waits_for_its_time(house);
}

TEST_CASE("what ends while a durable job waits for it may be gone as well, with the host or by itself") {
  // The bug: the same, of one that ended later; a broker's death was enough where it had been removed by then.
  const Condition condition = any_condition();
  const bool removed = GENERATE(false, true);
  House house;
  const auto first = house.broker->apply("k");
  house.broker->call("Pool.ApplyAsync", later(condition.text));
  house.turn();
  house.commit();
  let_end(house, condition.ending);
  house.commit();
  CHECK(first->answers == 1);
  check_waits_for_its_time(house);
  if (removed) {
    house.broker->call("Job.Remove", R"({"ids":[1]})");
    house.turn();
    house.next_broker();
  } else {
    house.next_host();
  }
  CHECK(house.broker->engine.core().find(JobId{1}) == nullptr);
  check_waits_for_its_time(house);
}

TEST_CASE("what has ended and is removed stays in the ledger until the end of a durable job that waited for it is on disk") {
  // The bug: the durable job was cancelled, and hence nothing put down for it when the other one succeeded, was collected and forgotten.
  // The broker died before the cancel was on disk; the next one knew of neither, and told that the durable job is skipped.
  House house;
  const auto first = house.broker->apply("k");
  house.broker->call("Pool.ApplyAsync", later(R"("after":[1])"));
  house.turn();
  house.commit();
  house.broker->call("Job.Cancel", R"({"ids":[2]})");
  let_end(house, Ending::returned);
  CHECK(first->answers == 1);
  house.broker->call("Job.Remove", R"({"ids":[1]})");
  house.turn();
  house.next_broker();
  check_waits_for_its_time(house);
}

TEST_CASE("nobody is told that an ephemeral job has ended before that is on disk for the durable ones after it") {
  House house;
  const auto first = house.broker->apply("k");
  house.broker->call("Pool.ApplyAsync", later(R"("after":[1])"));
  house.turn();
  house.commit();
  let_end(house, Ending::returned);
  CHECK(first->answers == 0);
  house.commit();
  CHECK(first->answers == 1);
}

TEST_CASE("an ephemeral job that only ephemeral ones come after is told at once") {
  House house;
  const auto first = house.broker->apply("k");
  house.broker->call("Pool.ApplyAsync", later(R"("durable":false,"after":[1])"));
  let_end(house, Ending::returned);
  CHECK(first->answers == 1);
  CHECK_FALSE(house.broker->engine.journal().is_busy());
}

TEST_CASE("a broker that finds a durable job waiting for what has ended puts that down itself") {
  House house;
  house.broker->apply("k");
  house.broker->call("Pool.ApplyAsync", later(R"("after":[1])"));
  house.turn();
  house.commit();
  let_end(house, Ending::returned);
  house.next_broker();  // nothing of that end was committed; the ledger has it
  check_waits_for_its_time(house);
  house.commit();
  house.next_host();
  check_waits_for_its_time(house);
}

TEST_CASE("what has ended and is removed stays in the ledger until its meaning to a durable job is on disk") {
  // The bug: a second broker took over the end, forgot its record when asked to, and died before it had put down what that meant to the
  // durable job. The third found neither, and skipped it.
  House house;
  house.broker->call("Pool.ApplyAsync", R"({"job":{"durable":false,"function":"square","arguments":"[7]"}})");
  forget_before_its_meaning_is_on_disk(house);
  house.next_broker();  // nothing was committed in between
  check_waits_for_its_time(house);
  house.broker->call("Job.Remove", R"({"ids":[1]})");
  house.turn();
  house.commit();
  house.next_broker();
  CHECK(house.broker->engine.core().find(JobId{1}) == nullptr);
  check_waits_for_its_time(house);
}

TEST_CASE("what an ephemeral job went on by is known to the next broker, even if it was not on disk") {
  // The bug: a durable job that was cancelled before it was ever offered stood in no ledger. An ephemeral one after it was told that it is
  // skipped, the broker died before the commit, and the durable one ran and succeeded under the next. (Found by the simulation, one
  // schedule in ten millions.) And again where the ephemeral one came when the other had ended: nobody had asked for that before.
  const bool comes_first = GENERATE(true, false);
  House house;
  house.broker->call("Pool.ApplyAsync", R"({"job":{"function":"square","arguments":"[7]","delayUSec":3600000000}})");
  house.turn();
  house.commit();
  if (!comes_first) house.broker->call("Job.Cancel", R"({"ids":[1]})");
  house.turn();
  const auto after = house.broker->apply("k", R"(,"after":[1])");
  house.turn();
  if (comes_first) house.broker->call("Job.Cancel", R"({"ids":[1]})");
  house.turn();
  REQUIRE(second(house).outcome == Outcome::skipped);
  CHECK(after->answers == 1);
  house.next_broker();
  const Job* first = house.broker->engine.core().find(JobId{1});
  REQUIRE(first != nullptr);
  CHECK(first->state == JobState::done);
  CHECK(first->outcome == Outcome::cancelled);
}

TEST_CASE("a key is the later job's where a broker finds the one that had it before it was forgotten") {
  // The bug: what is forgotten stays in the ledger until its end's meaning to a durable job is on disk. When its key had come again
  // meanwhile, the next broker answered for that with the forgotten one.
  House house;
  const auto submit = [&] { return house.broker->call("Pool.ApplyAsync", FakeBroker::submission("k")); };
  submit();
  forget_before_its_meaning_is_on_disk(house);
  CHECK(submit()->answer().value("id", 0) == 3);
  let_end(house, Ending::returned);
  house.next_broker();
  REQUIRE(house.broker->engine.core().find(JobId{1}) != nullptr);
  CHECK(submit()->answer().value("id", 0) == 3);
}
