// Events: what is told, when, and to whom.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

nlohmann::json told(const FakeCallPtr& call, std::size_t i) { return parsed(call->continued.at(i))["event"]; }

// "job 1 ready", "pool images paused", "worker 2 died", "missed 7"; the first, `listening`, is left out.
std::vector<std::string> words(const FakeCallPtr& call) {
  std::vector<std::string> all;
  for (std::size_t i = 1; i < call->continued.size(); ++i) {
    const auto event = told(call, i);
    std::string text = event["kind"];
    if (event.contains("job")) text += " " + event["job"].dump();
    if (event["kind"] == "pool") text += " " + event["pool"].get<std::string>();
    if (event["kind"] == "worker") text += " " + event["worker"].dump();
    if (event.contains("state")) text += " " + event["state"].get<std::string>();
    if (event.contains("outcome")) text += " " + event["outcome"].get<std::string>();
    if (event.contains("missed")) text += " " + event["missed"].dump();
    all.push_back(text);
  }
  return all;
}

using Words = std::vector<std::string>;

FakeCallPtr listen(House& house, const std::string& parameters = "{}") { return house.broker->call("Pool.Events", parameters, true); }

}  // namespace

TEST_CASE("a listener is told that it listens, and then each change of a job") {
  House house;
  const auto call = listen(house);
  REQUIRE(call->continued.size() == 1);
  CHECK(told(call, 0)["kind"] == "listening");
  submit_done(house, kSquare);
  CHECK(words(call) == Words{"job 1 ready", "job 1 running", "job 1 done succeeded"});
  CHECK(told(call, 2)["attempt"] == 1);
  CHECK(told(call, 2)["worker"] == 1);
  CHECK(told(call, 2)["pool"] == "default");
  CHECK(told(call, 3)["usec"].get<std::int64_t>() >= told(call, 1)["usec"].get<std::int64_t>());
  CHECK(call->answers == 0);
}

TEST_CASE("a command is told to run when its process is there, once") {
  // The bug: it was told at its claim where somebody had asked for the job then, and never its pid. Who looked at once for its output, as
  // logs -f does, came too early and was not told again.
  House house;
  const auto call = listen(house);
  submit(house, R"({"job":{"command":["true"],"durable":false}})");
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  CHECK(house.broker->call("Job.Show", R"({"id":1})")->parameters.find(R"("state":"running")") != std::string::npos);
  CHECK(words(call) == Words{"job 1 ready"});
  house.worker().report_start(*claim);
  house.turn();
  CHECK(words(call) == Words{"job 1 ready", "job 1 running"});
  CHECK(told(call, 2)["pid"].get<int>() > 0);
  house.worker().report_end(*claim);
  house.turn();
  CHECK(words(call) == Words{"job 1 ready", "job 1 running", "job 1 done succeeded"});
}

TEST_CASE("a command that waits at a queue before its start was read is told to run first") {
  House house;
  const auto call = listen(house);
  for (const bool goes_on_early : {false, true}) {
    submit(house, R"({"job":{"command":["true"],"durable":false}})");
    house.turn();
    const auto claim = house.worker().claim();
    REQUIRE(claim);
    const JobId id = claim->job;
    house.broker->call("Job.Show", R"({"id":)" + std::to_string(id.value) + "}");
    house.broker->verbs.announce_blocked(id, true);
    if (goes_on_early) house.broker->verbs.announce_blocked(id, false);
    house.worker().report_start(*claim);
    house.turn();
    if (!goes_on_early) house.broker->verbs.announce_blocked(id, false);
    house.worker().report_end(*claim);
    house.turn();
  }
  CHECK(words(call) == Words{"job 1 ready", "job 1 running", "job 1 waiting", "job 1 running", "job 1 done succeeded", "job 2 ready",
                             "job 2 running", "job 2 done succeeded"});
}

TEST_CASE("of a durable job nothing is told before it is on disk, and all of it in order") {
  House house;
  const auto call = listen(house);
  submit(house, R"({"job":{"function":"square","arguments":"[7]"}})");
  house.turn();
  CHECK(words(call).empty());
  house.commit();
  CHECK(words(call) == Words{"job 1 ready"});
  house.turn();
  house.commit();
  auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  house.worker().report_end(*claim);
  house.turn();
  CHECK(words(call) == Words{"job 1 ready", "job 1 running"});
  house.commit();
  CHECK(words(call) == Words{"job 1 ready", "job 1 running", "job 1 done succeeded"});
}

TEST_CASE("of a job that the full disk refuses nothing is ever told") {
  House house;
  const auto call = listen(house);
  house.store.become_full();
  submit(house, R"({"job":{"function":"square","arguments":"[7]"}})");
  house.turn();
  house.commit();
  house.store.make_room();
  house.commit();
  submit_done(house, kSquare);
  CHECK(words(call) == Words{"job 2 ready", "job 2 running", "job 2 done succeeded"});
}

TEST_CASE("what a job waits for is told, and how an attempt ended that is to be followed by another") {
  House house;
  const auto call = listen(house);
  submit(house, R"({"job":{"command":["true"],"delayUSec":3600000000,"durable":false}})");
  submit(house, R"({"job":{"command":["true"],"after":[1],"durable":false}})");
  CHECK(words(call) == Words{"job 1 waiting", "job 2 waiting"});
  CHECK(told(call, 1)["waitingFor"] == "a delay");
  CHECK(told(call, 2)["waitingFor"] == "job 1");
  submit(house, R"({"job":{"function":"square","arguments":"[7]","retries":1,"backoffUSec":3600000000,"durable":false}})");
  house.turn();
  auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  report_end_as(house, *claim, Ending::threw);
  house.turn();
  CHECK(words(call).back() == "job 3 waiting failed");
  CHECK(told(call, call->continued.size() - 1)["waitingFor"] == "its retry");
  house.broker->engine.tell(Cancel{JobId{1}, Cancel::Haste::now, "enough"});
  CHECK(words(call).back() == "job 2 done skipped");
}

TEST_CASE("a listener gets what it asked for: these jobs, this pool") {
  House house;
  CreatePool create;
  create.settings.name = "images";
  create.settings.size = 1;
  house.broker->engine.tell(std::move(create));
  house.turn();
  house.commit();
  const auto of_job = listen(house, R"({"ids":[2,3]})"), of_pool = listen(house, R"({"pool":"images"})");
  submit(house, kSquare);
  submit(house, kSquare);
  submit(house, R"({"job":{"function":"square","arguments":"[7]","pool":"images","durable":false}})");
  house.broker->engine.tell(PausePool{house.broker->engine.core().pools().find("images")->record.number});
  house.turn();
  house.commit();
  CHECK(words(of_job) == Words{"job 2 ready", "job 3 ready"});
  CHECK(words(of_pool) == Words{"job 3 ready", "pool images paused"});
  CHECK(house.broker->call("Pool.Events", R"({"pool":"nowhere"})", true)->error_name == proto::error::kNoSuchPool);
  CHECK(house.broker->call("Pool.Events", "{}")->error_name == proto::error::kExpectedMore);
  CHECK(house.broker->call("Pool.Events", R"({"x":1})", true)->error_name == proto::error::kInvalidParameter);
}

TEST_CASE("a listener that reads too slowly is told how many it has missed, and nothing is kept for it") {
  House house;
  const auto slow = listen(house), quick = listen(house);
  slow->slow = true;
  submit(house, kSquare);  // the last that is told
  for (int i = 0; i < 10; ++i) submit(house, kSquare);
  CHECK(words(slow) == Words{"job 1 ready"});
  CHECK(words(quick).size() == 11);
  slow->on_drained();
  CHECK(words(slow) == Words{"job 1 ready", "missed 10"});
  submit(house, kSquare);  // the news of those missed have filled it again
  CHECK(words(slow).size() == 2);
  slow->slow = false;
  slow->on_drained();
  CHECK(words(slow).back() == "missed 1");
  submit(house, kSquare);
  CHECK(words(slow).back() == "job 13 ready");
}

TEST_CASE("a listener whose connection is gone is forgotten, there is a bound, and the daemon's end ends the streams") {
  House house;
  auto gone = listen(house);
  gone->hang_up();
  CHECK(is_let_go(gone));
  std::vector<FakeCallPtr> all;
  for (std::size_t i = 0; i < EventFeed::kMostListeners; ++i) all.push_back(listen(house));
  CHECK(listen(house)->error_name == proto::error::kTooManyListeners);
  CHECK(house.broker->call("Pool.Stats", "{}")->parameters.find(R"("eventsListeners":64)") != std::string::npos);
  house.broker->verbs.end_events();
  for (const auto& call : all) {
    CHECK(call->answers == 1);
    CHECK(is_let_go(call));
  }
  CHECK(listen(house)->error_name.empty());
}

TEST_CASE("workers and pools are told of, and a job at a queue is waiting") {
  House house;
  const auto call = listen(house);
  house.broker->verbs.announce_worker(WorkerNumber{4}, kDefaultPoolNumber, 77, "died", "was killed by signal 9");
  CHECK(told(call, 1)["reason"] == "was killed by signal 9");
  CHECK(told(call, 1)["pid"] == 77);
  submit_running(house, kSquare);
  house.broker->verbs.announce_blocked(JobId{1}, true);
  house.broker->verbs.announce_blocked(JobId{1}, false);
  house.broker->verbs.announce_blocked(JobId{9}, true);
  CHECK(words(call) == Words{"worker 4 died", "job 1 ready", "job 1 running", "job 1 waiting", "job 1 running"});
}
