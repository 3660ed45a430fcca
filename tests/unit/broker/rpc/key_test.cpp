// One key and several callers: what each of them was promised holds, whatever becomes of the others.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

// A call of that key; `more`: what is its caller's own.
std::string keyed(const std::string& more = "") { return R"({"job":{"function":"square","arguments":"[7]","key":"k")" + more + "}}"; }

void store(House& house) {
  house.turn();
  house.commit();
}

JobState first_state(House& house) {
  const Job* job = house.broker->engine.core().find(JobId{1});
  REQUIRE(job != nullptr);
  return job->state;
}

}  // namespace

TEST_CASE("a caller of apply that leaves does not take along what was promised to one that does not wait") {
  // The bug: a durable job whose id had been answered was cancelled when somebody waited for it by its key and was killed.
  const std::string first =
      GENERATE(R"(ApplyAsync )", R"(ApplyAsync ,"durable":false)", R"(Apply ,"detach":true)", R"(Apply ,"durable":true,"detach":true)");
  const auto split = first.find(' ');
  House house(0);
  house.broker->call("Pool." + first.substr(0, split), keyed(first.substr(split + 1)));
  store(house);
  const auto second = house.broker->call("Pool.Apply", keyed());
  SECTION("before its own acceptance is on disk") { second->hang_up(); }
  SECTION("while it waits") {
    store(house);
    second->hang_up();
  }
  SECTION("when it came to the next broker") {
    house.next_broker();
    const Job* job = house.broker->engine.core().find(JobId{1});
    if (job == nullptr || job->state == JobState::done) return;  // ephemeral, and never offered
    const auto third = house.broker->call("Pool.Apply", keyed());
    store(house);
    third->hang_up();
  }
  store(house);
  CHECK(first_state(house) == JobState::ready);
}

TEST_CASE("who does not wait takes over the job of one that does, and that outlives brokers and hosts") {
  // The bug: the job was cancelled when the first caller left, as if nobody else had been told its id.
  const std::string second = GENERATE(R"(ApplyAsync )", R"(Apply ,"detach":true)");
  const auto split = second.find(' ');
  const bool durable = GENERATE(false, true);
  const std::string more = durable ? R"(,"durable":true)" : R"(,"durable":false)";
  House house;
  const auto first = house.broker->call("Pool.Apply", keyed(more));
  store(house);
  store(house);
  REQUIRE(house.worker().claim());
  const auto other = house.broker->call("Pool." + second.substr(0, split), keyed(second.substr(split + 1) + (split > 5 ? more : "")));
  store(house);
  CHECK(other->error_name.empty());
  SECTION("the first leaves") { first->hang_up(); }
  SECTION("its broker dies, and whoever comes then leaves") {
    house.next_broker();
    const auto third = house.broker->call("Pool.Apply", keyed());
    store(house);
    third->hang_up();
  }
  store(house);
  CHECK(house.broker->engine.core().find(JobId{1})->stop == StopRequest::none);
}

TEST_CASE("that a job was taken over is in the store") {
  House house(0);
  house.broker->call("Pool.Apply", keyed(R"(,"durable":true)"));
  store(house);
  CHECK_FALSE(house.store.committed(JobId{1})->job.job.terms.flags.detach);
  submit(house, keyed());
  store(house);
  CHECK(house.store.committed(JobId{1})->job.job.terms.flags.detach);
  house.next_host();
  const auto call = house.broker->call("Pool.Apply", keyed());
  store(house);
  call->hang_up();
  CHECK(first_state(house) != JobState::done);
}

TEST_CASE("what an earlier version stored of an apply-async outlives its callers") {
  House house(0);
  submit(house, keyed());
  store(house);
  JobRecord record = house.store.committed(JobId{1})->job.job;
  record.id = JobId{2};
  record.key = "old";
  record.terms.flags.detach = false;
  house.store.commit({record});
  house.store.step();
  house.next_broker();
  CHECK(house.broker->engine.core().find(JobId{2})->flags.detach);
}

TEST_CASE("who asks for a durable job is not answered with one that is not on disk") {
  // The bug: apply-async was answered with the id of an ephemeral job, of which nothing was written down, and which was cancelled with its
  // caller.
  House house;
  house.broker->call("Pool.Apply", keyed());
  const auto async = submit(house, keyed());
  CHECK(async->error_name == proto::error::kKeyConflict);
  CHECK(parsed(async->parameters)["id"] == 1);
  CHECK(parsed(async->parameters)["key"] == "k");
  CHECK(parsed(async->parameters)["reason"].get<std::string>().find("not on disk") != std::string::npos);
  CHECK(house.broker->call("Pool.Apply", keyed(R"(,"durable":true)"))->error_name == proto::error::kKeyConflict);
  house.run_all();
  // Once it has ended there is nothing left to be lost before it has run, and to run it again would be wrong.
  CHECK(parsed(submit(house, keyed())->parameters) == nlohmann::json{{"id", 1}});
}

TEST_CASE("who comes with the key of a job that is forgotten before the answer is not told of a full disk") {
  // The bug: that was the answer, and nothing was full.
  House house;
  submit(house, keyed());
  store(house);
  store(house);
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_end(*claim);
  house.turn();
  SECTION("its end is on disk: nothing is waited for") {
    house.commit();
    const auto other = submit(house, R"({"job":{"function":"square","arguments":"[8]"}})");
    const auto again = submit(house, keyed());
    CHECK(other->answers == 0);
    CHECK(parsed(again->parameters) == nlohmann::json{{"id", 1}});
  }
  SECTION("its end is on its way there") {
    submit(house, R"({"job":{"function":"square","arguments":"[8]"}})");
    const auto again = submit(house, keyed());
    house.commit();
    const auto removed = house.broker->call("Job.Remove", R"({"ids":[1]})");
    CHECK(again->answers == 0);
    store(house);
    CHECK(removed->parameters == R"({"removed":[1]})");
    CHECK(again->error_name == proto::error::kNoSuchJob);
    CHECK(parsed(again->parameters) == nlohmann::json{{"id", 1}});
  }
}
