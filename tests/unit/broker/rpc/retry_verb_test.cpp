// Retry: what becomes of the old job's words, and what cannot be retried.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

// Submitted, committed, run and committed again.
void submit_stored(House& house, const std::string& parameters, Ending ending = Ending::returned) {
  submit(house, parameters);
  house.turn();
  house.commit();
  house.turn();
  house.commit();
  auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  report_end_as(house, *claim, ending);
  house.turn();
  house.commit();
}

FakeCallPtr retry(House& house, const std::string& parameters) {
  auto call = house.broker->call("Job.Retry", parameters);
  house.commit();  // what is read
  house.turn();
  house.commit();  // what is written
  return call;
}

const std::string kDurable =
    R"({"job":{"function":"square","arguments":"[7]","name":"seven","key":"first","priority":5,"retries":2,"timeoutUSec":9000000}})";

}  // namespace

TEST_CASE("a retry is a new job with the old one's work and terms, and without its key") {
  House house;
  submit_stored(house, kDurable);
  const auto call = retry(house, R"({"id":1})");
  CHECK(call->error_name.empty());
  CHECK(parsed(call->parameters)["id"] == 2);
  const Job& old = *house.broker->engine.core().find(JobId{1});
  const Job& job = *house.broker->engine.core().find(JobId{2});
  CHECK(job.name == "seven");
  CHECK(job.description == old.description);
  CHECK(job.priority == 5);
  CHECK(job.retries == 2);
  CHECK(job.timeout == old.timeout);
  CHECK(job.flags.durable);
  CHECK(job.key.empty());
  house.turn();
  house.commit();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  CHECK(claim->job == JobId{2});
  CHECK(house.store.committed(JobId{2})->payload == house.store.committed(JobId{1})->payload);
  CHECK(parsed(house.broker->call("Job.Show", R"({"id":2})")->parameters)["job"]["retryOf"] == 1);
}

TEST_CASE("the same retry under the same key is the same job, also when the old one is gone, and another one is a conflict") {
  House house;
  submit_stored(house, kDurable);
  CHECK(parsed(retry(house, R"({"id":1,"key":"k"})")->parameters)["id"] == 2);
  CHECK(parsed(retry(house, R"({"id":1,"key":"k"})")->parameters)["id"] == 2);
  CHECK(retry(house, R"({"id":9,"key":"k"})")->error_name == proto::error::kKeyConflict);
  CHECK(retry(house, R"({"id":1,"key":"first"})")->error_name == proto::error::kKeyConflict);
  house.broker->engine.tell(Remove{JobId{1}});
  CHECK(parsed(retry(house, R"({"id":1,"key":"k"})")->parameters)["id"] == 2);
  CHECK(retry(house, R"({"id":1})")->error_name == proto::error::kNoSuchJob);
}

TEST_CASE("a job that has not ended, was never durable, or is a map, is not retried, and the remedy is named") {
  House house;
  submit(house, kDurable);
  CHECK(retry(house, R"({"id":1})")->error_name == proto::error::kNotEnded);
  House other;
  submit_done(other, kSquare);
  const auto ephemeral = retry(other, R"({"id":1})");
  CHECK(ephemeral->error_name == proto::error::kNotRetryable);
  CHECK(ephemeral->parameters.find("--durable") != std::string::npos);
  CHECK(retry(other, R"({"id":4711})")->error_name == proto::error::kNoSuchJob);
  CHECK(retry(other, R"({"id":0})")->error_name == proto::error::kInvalidParameter);

  House maps;
  maps.broker->call("Pool.Map", R"({"job":{"function":"square"},"chunks":["[[1]]"]})");
  maps.turn();
  maps.commit();
  maps.broker->engine.tell(Cancel{JobId{2}, Cancel::Haste::now, "enough"});
  maps.turn();
  maps.commit();
  maps.turn();
  maps.commit();
  const auto map = retry(maps, R"({"id":2})");
  CHECK(map->error_name == proto::error::kNotRetryable);
  CHECK(map->parameters.find("jobpool retry 1") != std::string::npos);
  CHECK(parsed(retry(maps, R"({"id":1})")->parameters)["id"] == 3);
}

TEST_CASE("a retry waits for those of the jobs before it that have not ended, and for no other") {
  House house;
  submit(house, R"({"job":{"command":["sleep","9"]}})");
  submit(house, R"({"job":{"command":["true"],"after":[1]}})");
  house.turn();
  house.commit();
  house.broker->engine.tell(Cancel{JobId{2}, Cancel::Haste::now, "enough"});
  house.turn();
  house.commit();
  CHECK(parsed(retry(house, R"({"id":2})")->parameters)["id"] == 3);
  CHECK(house.broker->engine.core().find(JobId{3})->state == JobState::waiting);
  house.broker->engine.tell(Cancel{JobId{1}, Cancel::Haste::now, "enough"});
  house.turn();
  house.commit();
  house.turn();
  house.commit();
  CHECK(house.broker->engine.core().find(JobId{3})->outcome == Outcome::skipped);
  CHECK(parsed(retry(house, R"({"id":3})")->parameters)["id"] == 4);
  CHECK(house.broker->engine.core().find(JobId{4})->state == JobState::ready);
}

TEST_CASE("a job that was skipped when it was submitted is retried with what it was to run") {
  // The bug: it had ended before it was written down, and its record had nothing to run any more.
  House house;
  submit_stored(house, R"({"job":{"function":"square","arguments":"[7]"}})", Ending::threw);
  SECTION("by itself") { submit(house, R"({"job":{"function":"square","arguments":"[7]","after":[1]}})"); }
  SECTION("as a chunk") { house.broker->call("Pool.Map", R"({"job":{"function":"square","after":[1]},"chunks":["[[7]]"]})"); }
  house.turn();
  house.commit();
  REQUIRE(house.broker->engine.core().find(JobId{2})->outcome == Outcome::skipped);
  const std::uint64_t again = parsed(retry(house, R"({"id":2})")->parameters)["id"];
  CHECK_FALSE(house.store.committed(JobId{2})->payload.empty());
  CHECK(house.store.committed(JobId{again})->payload == house.store.committed(JobId{2})->payload);
  CHECK(house.broker->engine.core().find(JobId{again})->state == JobState::ready);
}

TEST_CASE("what was skipped by a version that did not keep its work is not retried") {
  House house;
  JobRecord record;
  record.id = JobId{1};
  record.terms.flags.durable = true;
  house.store.commit({record, JobEnd{JobId{1}, Outcome::skipped, wall_usec(), "it was to run after job 9", ""}});
  house.store.step();
  house.next_host();
  const auto call = retry(house, R"({"id":1})");
  CHECK(call->error_name == proto::error::kNotRetryable);
  CHECK(parsed(call->parameters)["reason"].get<std::string>().find("submit it again") != std::string::npos);
}

TEST_CASE("a job whose pool was deleted is retried in the pool that has its name now") {
  // The bug: the number of the old one stood in the job's record; the remedy that was told, to make the pool again, did not help, and then
  // the daemon was said to be going down.
  House house;
  const auto tell = [&house](const char* method, const char* parameters) {
    const auto call = house.broker->call(method, parameters);
    house.turn();
    house.commit();
    house.turn();
    return call;
  };
  REQUIRE(tell("Pool.Create", R"({"name":"p","workers":1})")->error_name.empty());
  const PoolNumber old = house.broker->engine.core().pools().find("p")->record.number;
  REQUIRE(tell("Pool.ApplyAsync", R"({"job":{"command":["false"],"pool":"p"}})")->error_name.empty());
  REQUIRE(tell("Job.Cancel", R"({"ids":[1]})")->error_name.empty());
  REQUIRE(tell("Pool.Close", R"({"pool":"p"})")->error_name.empty());
  REQUIRE(tell("Pool.Delete", R"({"pool":"p"})")->error_name.empty());
  const auto refused = retry(house, R"({"id":1})");
  CHECK(refused->error_name == proto::error::kPoolNotRunning);
  CHECK(parsed(refused->parameters)["reason"] == "it was deleted; make it again with: jobpool pool create p");

  SECTION("which is like it") {
    REQUIRE(tell("Pool.Create", R"({"name":"p","workers":1})")->error_name.empty());
    CHECK(retry(house, R"({"id":1})")->error_name.empty());
    const Job& again = *house.broker->engine.core().find(JobId{2});
    CHECK(again.pool == house.broker->engine.core().pools().find("p")->record.number);
    CHECK(again.pool != old);
  }
  SECTION("unless that is of threads, and cannot run it") {
    REQUIRE(tell("Pool.Create", R"({"name":"p","workers":1,"threads":2})")->error_name.empty());
    CHECK(retry(house, R"({"id":1})")->error_name == proto::error::kInvalidJob);
  }
}

TEST_CASE("a retry of a job whose pool is closed, or of a record that is damaged, is refused by name") {
  House house;
  submit_stored(house, kDurable);
  house.broker->engine.tell(ClosePool{kDefaultPoolNumber});
  CHECK(retry(house, R"({"id":1})")->error_name == proto::error::kPoolNotRunning);
  house.broker->engine.tell(ResumePool{kDefaultPoolNumber});
  const auto call = house.broker->call("Job.Retry", R"({"id":1})");
  house.broker->engine.tell(Remove{JobId{1}});  // before it was read
  house.turn();
  house.commit();
  CHECK(call->error_name == proto::error::kNoSuchJob);
  CHECK(is_let_go(call));
}
