// The verbs of processes: their names, and what is refused.
#include <csignal>

#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

constexpr const char* kStart = R"({"target":{"command":["sleep","9"]},"name":"sleeper"})";
constexpr const char* kSleeper = R"({"name":"sleeper"})";

// A house without a worker: what starts stays ready, until one is hired for it.
struct ProcessHouse {
  House house{0};

  FakeCallPtr call(const std::string& method, const std::string& parameters, bool more = false) {
    auto made = house.broker->call("Process." + method, parameters, more);
    house.turn();
    house.commit();
    house.turn();
    return made;
  }
  nlohmann::json shown(const char* name = kSleeper) { return parsed(call("Show", name)->parameters)["process"]; }
  const JobCore& core() { return house.broker->engine.core(); }
};

}  // namespace

TEST_CASE("the first process makes the pool of processes, which has a worker for each and none without") {
  ProcessHouse at;
  CHECK(at.core().pools().find("processes") == nullptr);
  const auto started = at.call("Start", kStart);
  CHECK(parsed(started->parameters) == nlohmann::json({{"name", "sleeper"}, {"id", 1}}));
  const CorePool* pool = at.core().pools().find("processes");
  REQUIRE(pool != nullptr);
  CHECK(pool->record.settings.min == 0u);
  CHECK(pool->record.settings.max_tasks == 1);
  CHECK(at.house.store.load_pools()->size() == 1);
  CHECK(at.shown()["state"] == "ready");
  CHECK(at.shown()["alive"] == true);
}

TEST_CASE("a process has the name that it was given, or one that no other has") {
  ProcessHouse at;
  at.call("Start", kStart);
  CHECK(parsed(at.call("Start", R"({"target":{"function":"square"}})")->parameters)["name"] == "Process-2");
  const auto same = at.call("Start", kStart);
  CHECK(same->error_name == "org.jobpool.Process.ProcessExists");
  CHECK(parsed(same->parameters) == nlohmann::json({{"process", "sleeper"}, {"id", 1}}));
  for (const char* bad : {R"({"target":{"command":["true"]},"name":""})", R"({"target":{"command":["true"]},"name":"a b"})",
                          R"({"target":{"command":["true"],"stdin":0}})", R"({"target":{"command":["true"],"pool":"x"}})",
                          R"({"target":{"function":"square","items":"[[1]]"}})", R"({"target":{}})", R"({})"}) {
    INFO(bad);
    CHECK(at.call("Start", bad)->error_name == "org.varlink.service.InvalidParameter");
  }
}

TEST_CASE("who starts again with the same key starts nothing more") {
  ProcessHouse at;
  const char* const keyed = R"({"target":{"command":["sleep","9"]},"name":"sleeper","key":"k"})";
  at.call("Start", keyed);
  CHECK(parsed(at.call("Start", keyed)->parameters)["id"] == 1);
  CHECK(at.core().find(JobId{2}) == nullptr);
}

TEST_CASE("one that is ended before it started ends as if TERM had reached it, and its name is free") {
  ProcessHouse at;
  at.call("Start", kStart);
  const auto joiner = at.call("Join", kSleeper);
  CHECK(joiner->answers == 0);
  CHECK(at.call("Terminate", kSleeper)->error_name.empty());
  CHECK(joiner->answers == 1);
  CHECK(joiner->error_name.empty());
  CHECK(at.shown()["exitCode"] == -SIGTERM);
  CHECK(at.call("Alive", kSleeper)->parameters == R"({"alive":false})");
  CHECK(parsed(at.call("Start", kStart)->parameters)["id"] == 2);
  CHECK(at.shown()["id"] == 2);
}

TEST_CASE("a daemonic process needs a connection to end with, and ends with it") {
  ProcessHouse at;
  const char* const daemonic = R"({"target":{"command":["sleep","9"]},"name":"sleeper","daemonic":true})";
  CHECK(at.call("Start", daemonic)->error_name == "org.varlink.service.ExpectedMore");
  const auto starter = at.call("Start", daemonic, true);
  REQUIRE(starter->continued.size() == 1);
  CHECK(parsed(starter->continued.front()) == nlohmann::json({{"name", "sleeper"}, {"id", 1}}));
  CHECK(at.shown()["daemonic"] == true);
  starter->hang_up();
  at.house.turn();
  CHECK(at.shown()["exitCode"] == -SIGTERM);
  CHECK(at.shown()["reason"] == "it was daemonic, and its starter is gone");
  CHECK(is_let_go(starter));
}

TEST_CASE("the starter of a daemonic process is told of its end") {
  ProcessHouse at;
  const auto starter = at.call("Start", R"({"target":{"command":["sleep","9"]},"name":"sleeper","daemonic":true})", true);
  at.call("Kill", kSleeper);
  CHECK(starter->answers == 1);
  CHECK(parsed(starter->parameters)["id"] == 1);
}

TEST_CASE("the next broker knows the processes of the one before") {
  ProcessHouse at;
  at.call("Start", kStart);
  at.house.next_broker();
  CHECK(at.shown()["id"] == 1);
  CHECK(at.call("Start", kStart)->error_name == "org.jobpool.Process.ProcessExists");
}

TEST_CASE("List is of those that are alive, or of all, in the order of their starts, and a forgotten one is none") {
  ProcessHouse at;
  at.call("Start", kStart);
  at.call("Start", R"({"target":{"function":"square"}})");
  at.call("Kill", kSleeper);
  CHECK(parsed(at.call("List", "{}")->parameters)["processes"].size() == 1);
  const nlohmann::json all = parsed(at.call("List", R"({"all":true})")->parameters)["processes"];
  REQUIRE(all.size() == 2);
  CHECK(all[0]["name"] == "sleeper");
  at.house.broker->call("Job.Remove", R"({"ids":[1]})");
  at.house.turn();
  at.house.commit();
  CHECK(at.call("Show", kSleeper)->error_name == "org.jobpool.Process.NoSuchProcess");
  CHECK(parsed(at.call("List", R"({"all":true})")->parameters)["processes"].size() == 1);
}

// A name was taken when its job was stored, and never when its starter was gone by then: two had one name, and one had none.
TEST_CASE("a name is taken before its process is stored, also of a starter that is gone") {
  ProcessHouse at;
  const auto starter = at.house.broker->call("Process.Start", kStart);
  CHECK(at.house.broker->call("Process.Start", kStart)->error_name == "org.jobpool.Process.ProcessExists");
  starter->hang_up();
  at.house.turn();
  at.house.commit();
  at.house.turn();
  CHECK(at.call("Start", kStart)->error_name == "org.jobpool.Process.ProcessExists");
  CHECK(parsed(at.call("List", "{}")->parameters)["processes"].size() == 1);
}

// Two bugs: those that waited for room had no name yet, so that several got one; and a stranger's job that had waited, and was accepted
// just before, was taken for the process.
TEST_CASE("where the queue is full no process waits, and nobody else's job is taken for one") {
  CoreLimits limits;
  limits.max_queued_jobs = 1;
  ProcessHouse at{House{0, limits}};
  at.house.broker->call("Pool.ApplyAsync", R"({"job":{"command":["true"],"durable":false}})");
  const auto stranger = at.house.broker->call("Pool.Apply", R"({"job":{"command":["true"],"name":"build"}})");
  const char* const daemonic = R"({"target":{"command":["sleep","9"]},"name":"sleeper","daemonic":true})";
  CHECK(at.house.broker->call("Process.Start", daemonic, true)->error_name == "org.jobpool.Pool.QueueFull");
  at.house.broker->call("Job.Cancel", R"({"ids":[1]})");
  CHECK(at.house.broker->call("Process.Start", kStart)->error_name == "org.jobpool.Pool.QueueFull");  // the stranger was first
  CHECK(at.core().find(JobId{2})->name == "build");
  CHECK(parsed(at.call("List", R"({"all":true})")->parameters)["processes"].empty());
}

TEST_CASE("nobody but a process makes the pool of processes") {
  // The bug: with threads in it, or for more than one task, a TERM for one process would have ended others.
  House house;
  const auto call = house.broker->call("Pool.Create", R"({"name":"processes","workers":4,"threads":4})");
  CHECK(call->error_name == "org.jobpool.Pool.InvalidPool");
  CHECK(house.broker->engine.core().pools().find("processes") == nullptr);
}
