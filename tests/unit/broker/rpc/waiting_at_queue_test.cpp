// Jobs that wait at a queue: show, list and status tell them as waiting, with what for.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

// Verbs over the house's engine that hear of one job that waits at a queue.
struct QueueSide {
  explicit QueueSide(House& house)
      : outputs(UniqueFd{::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)}),
        verbs(house.broker->engine, outputs,
              {.instance = "i",
               .connections = [] { return std::size_t{1}; },
               .reload = [](std::int64_t) {},
               .shut_down = [](bool) {},
               .what_blocks = [this](JobId job) { return job == blocked ? std::string("an item in queue 'q'") : std::string(); },
               .blocked_jobs = [this] { return std::vector<JobId>{blocked}; }}) {}

  nlohmann::json ask(const std::string& method, const std::string& parameters, bool more = false) {
    auto call = std::make_shared<FakeCall>("org.jobpool." + method, parameters, more);
    verbs.handle(call);
    return more ? nlohmann::json(call->continued) : parsed(call->parameters);
  }

  JobId blocked{1};
  Outputs outputs;
  Verbs verbs;
};

}  // namespace

TEST_CASE("a running job that waits at a queue is shown, listed and counted as waiting") {
  House house;
  const auto claim = submit_running(house, kSleep);
  QueueSide side(house);
  const auto shown = side.ask("Job.Show", R"({"id":1})")["job"];
  CHECK(shown["state"] == "waiting");
  CHECK(shown["waitingFor"] == "an item in queue 'q'");
  CHECK(shown["startedUSec"].is_number());
  CHECK(side.ask("Job.List", R"({"state":"waiting"})", true).size() == 1);
  CHECK(side.ask("Job.List", R"({"state":"running"})", true).empty());
  const auto pool = side.ask("Pool.Status", "{}")["pools"][0];
  CHECK(pool["running"] == 0);
  CHECK(pool["waiting"] == 1);
  side.blocked = JobId{2};
  CHECK(side.ask("Job.Show", R"({"id":1})")["job"]["state"] == "running");
  CHECK(side.ask("Pool.Status", "{}")["pools"][0]["running"] == 1);
  house.worker().report_end(claim);
  house.turn();
}

TEST_CASE("a job that does not run waits at no queue, whatever is said of it") {
  House house;
  submit_done(house, kSquare);
  QueueSide side(house);
  CHECK(side.ask("Job.Show", R"({"id":1})")["job"]["state"] == "done");
  const auto pool = side.ask("Pool.Status", "{}")["pools"][0];
  CHECK(pool["waiting"] == 0);
  CHECK(pool["done"] == 1);
}
