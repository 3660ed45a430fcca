// A durable job's way through the engine: nothing is told, offered or answered before it is committed.
#include "tests/unit/broker/engine/house.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

const std::string kDurable = R"({"job":{"function":"square","arguments":"[7]","key":"k"}})";

shm::Claim started(House& house) {
  house.turn();
  house.commit();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  house.turn();
  return *claim;
}

}  // namespace

TEST_CASE("a durable job is accepted when it is committed") {
  House house(0);
  const auto call = house.broker->call("Pool.ApplyAsync", kDurable);
  house.turn();
  CHECK(call->answers == 0);
  house.commit();
  REQUIRE(call->answers == 1);
  CHECK(call->answer().value("id", 0) == 1);
}

TEST_CASE("a turn is full when its writes are worth a commit that would begin at once") {
  House house(0);
  const auto submit = [&](std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) house.broker->call("Pool.ApplyAsync", R"({"job":{"function":"square","arguments":"[7]"}})");
  };
  const Journal& journal = house.broker->engine.journal();
  submit(Journal::kWorthACommit - 1);
  CHECK_FALSE(journal.is_worth_a_commit());
  submit(1);
  CHECK(journal.is_worth_a_commit());
  house.turn();
  submit(Journal::kWorthACommit);
  CHECK_FALSE(journal.is_worth_a_commit());  // the first ones are still on their way to the disk
  house.commit();
  CHECK(journal.is_worth_a_commit());
}

TEST_CASE("a durable job is offered when its attempt is committed") {
  House house;
  house.broker->call("Pool.ApplyAsync", kDurable);
  house.turn();
  CHECK_FALSE(house.worker().claim());
  house.commit();
  CHECK(house.worker().claim());
}

TEST_CASE("an offer that was taken back while it waited for its commit is not made, and made again only once") {
  House house;
  house.broker->call("Pool.ApplyAsync", kDurable);
  house.turn();
  house.broker->engine.tell(Revoked{JobId{1}, true});
  SECTION("and stays so") { house.broker->call("Job.Cancel", R"({"ids":[1]})"); }
  SECTION("and is made again, both of them before the commit") { house.turn(); }
  house.commit();
  const bool cancelled = job(house).state == JobState::done;
  CHECK(house.worker().claim().has_value() == !cancelled);
  CHECK_FALSE(house.worker().claim());
}

TEST_CASE("the end of a durable job is told when it is committed, until then it runs for whoever asks") {
  House house;
  house.broker->call("Pool.ApplyAsync", kDurable);
  const auto claim = started(house);
  const auto get = house.broker->call("Job.Get", R"({"id":1})");
  house.worker().report_end(claim);
  house.turn();
  CHECK(job(house).state == JobState::done);
  CHECK(get->answers == 0);
  const auto shown = house.broker->call("Job.Show", R"({"id":1})")->answer();
  CHECK(shown.value("state", "") == "running");
  CHECK_FALSE(shown.contains("outcome"));
  CHECK(house.broker->call("Job.List", R"({"state":"running"})", true)->continued.size() == 1);
  CHECK(house.broker->call("Job.List", R"({"state":"done"})", true)->continued.empty());
  CHECK(house.broker->call("Job.Ready", R"({"id":1})")->parameters == R"({"ready":false})");
  CHECK(house.broker->call("Job.Remove", R"({"ids":[1]})")->error_name == "org.jobpool.Job.NotEnded");
  house.commit();
  REQUIRE(get->answers == 1);
  CHECK(get->answer().value("result", "") == "49");
}

TEST_CASE("how a command ended is not to be seen before it is committed") {
  // The bug: its attempts, and the reason, told it at once.
  House house;
  house.broker->call("Pool.ApplyAsync", R"({"job":{"command":["false"],"key":"k"}})");
  const auto claim = started(house);
  Report report;
  report.ending = Ending::exited;
  report.code = 3;
  report.reason = "three";
  house.worker().report(claim, report);
  house.turn();
  const auto before = house.broker->call("Job.Show", R"({"id":1})")->parameters;
  CHECK(before.find("exitCode") == std::string::npos);
  CHECK(before.find("three") == std::string::npos);
  house.commit();
  const auto after = house.broker->call("Job.Show", R"({"id":1})")->parameters;
  CHECK(after.find("exitCode") != std::string::npos);
  CHECK(after.find("three") != std::string::npos);
}

TEST_CASE("a result is read from the store when the ledger has forgotten it") {
  House house;
  house.broker->call("Pool.ApplyAsync", kDurable);
  house.worker().report_end(started(house));
  house.turn();
  house.commit();
  CHECK(house.broker->engine.ledger().size() == 0);
  const auto get = house.broker->call("Job.Get", R"({"id":1})");
  CHECK(get->answers == 0);
  house.commit();
  REQUIRE(get->answers == 1);
  CHECK(get->answer().value("result", "") == "49");
}

TEST_CASE("a caller that goes away while it waits for its commit takes the job along, unless another waits for it") {
  // The bug: of two callers with one key, the one that went away took the other's job along.
  House house(0);
  const std::string apply = R"({"job":{"function":"square","arguments":"[7]","key":"k","durable":true}})";
  const auto gone = house.broker->call("Pool.Apply", apply);
  SECTION("alone") {
    house.turn();
    gone->hang_up();
    house.commit();
    CHECK(job(house).outcome == Outcome::cancelled);
    CHECK(gone->answers == 0);
  }
  SECTION("of two") {
    const auto second = house.broker->call("Pool.Apply", apply);
    house.turn();
    second->hang_up();
    house.commit();
    CHECK(job(house).state == JobState::ready);
    gone->hang_up();
    CHECK(job(house).state == JobState::done);
  }
}
