// What a pool wants done in a fresh worker: the initializer, whose traces stay, and the memory limit.
#include "tests/unit/worker/functions.hpp"
#include "tests/unit/worker/live_worker.hpp"

#include <nlohmann/json.hpp>

namespace jobpool::worker {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

WorkerSetup initializer(const std::string& function, const std::string& arguments = "[]") {
  WorkerSetup setup;
  setup.function = function;
  setup.pool = "images";
  setup.arguments = arguments;
  return setup;
}

std::string plugin_directory() {
  const std::string plugin = PROBE_PLUGIN;
  return plugin.substr(0, plugin.rfind('/'));
}

TEST_CASE("what an initializer changes stays, and later functions are cleared up after to that") {
  LiveWorker worker({"--plugin-dir", plugin_directory()});
  const Sequence setup = worker.offer(shm::JobKind::setup, encode_setup(initializer("settle")));
  worker.ring();
  REQUIRE(worker.wait_for(setup).ending == Ending::returned);
  const auto seen = nlohmann::json::parse(worker.run_function("look").result);
  CHECK(seen["cwd"] == "/tmp");
  CHECK(seen["umask"] == 027);
  CHECK(seen["probe is set"] == true);
  CHECK(seen["path"] == "/settled");
  worker.run_function("disturb");
  CHECK(nlohmann::json::parse(worker.run_function("look").result) == seen);
}

TEST_CASE("a worker whose set-up failed reports why, and leaves without a job") {
  struct Case {
    WorkerSetup setup;
    std::string type;
  };
  for (const Case& one :
       {Case{initializer("fail", R"(["no luck","LuckError"])"), "LuckError"}, Case{initializer("no_such_thing"), "NoSuchFunction"}}) {
    LiveWorker worker;
    const Sequence setup = worker.offer(shm::JobKind::setup, encode_setup(one.setup));
    worker.ring();
    const Report report = worker.wait_for(setup);
    CHECK(report.ending == Ending::threw);
    CHECK(report.error_type == one.type);
    const int status = worker.wait_for_exit();
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
}

TEST_CASE("a set-up that cannot be read is the worker's last") {
  LiveWorker worker;
  const Sequence setup = worker.offer(shm::JobKind::setup, "nonsense");
  worker.ring();
  CHECK(worker.wait_for(setup).ending == Ending::not_started);
  worker.wait_for_exit();
}

// Under AddressSanitizer an allocation that is refused ends the process.
#if !defined(JOBPOOL_ASAN)
TEST_CASE("what a function takes beyond the pool's memory limit fails there, one that keeps nearly all of it costs the worker") {
  LiveWorker worker({"--plugin-dir", plugin_directory()});
  WorkerSetup limit;
  limit.memory_bytes = 64 * kMiB;
  const Sequence setup = worker.offer(shm::JobKind::setup, encode_setup(limit));
  worker.ring();
  REQUIRE(worker.wait_for(setup).ending == Ending::returned);
  const Report refused = worker.run_function("hoard", "[268435456]");
  CHECK(refused.ending == Ending::threw);
  CHECK(refused.error_type == "std::bad_alloc");
  CHECK(worker.run_function("hoard", "[1048576]").result == "1");  // and lives on
  CHECK(worker.run_function("hoard", "[60817408]").result == "2");
  CHECK(WEXITSTATUS(worker.wait_for_exit()) == 0);
}

// The worker died of it: std::bad_alloc was caught around the functions only, not where their results are joined.
TEST_CASE("results of a chunk that have no room within the memory limit cost the job, not the worker") {
  LiveWorker worker({"--plugin-dir", plugin_directory()});
  WorkerSetup limit;
  limit.memory_bytes = 20'000'000;
  const Sequence setup = worker.offer(shm::JobKind::setup, encode_setup(limit));
  worker.ring();
  REQUIRE(worker.wait_for(setup).ending == Ending::returned);
  const Sequence chunk = worker.offer_function("large", "[[3000000],[3000000],[3000000],[3000000]]", FunctionShape::chunk);
  worker.ring();
  const Report refused = worker.wait_for(chunk);
  CHECK(refused.ending == Ending::threw);
  CHECK(refused.error_type == "std::bad_alloc");
  CHECK(refused.reason.find("use smaller chunks") != std::string::npos);
  CHECK(refused.result.empty());
  CHECK(worker.run_function("large", "[3]").result == R"("xxx")");
}

TEST_CASE("a worker of threads that has nearly reached its limit says so, and leaves when its other threads are done") {
  LiveWorker worker({"--plugin-dir", plugin_directory()}, 2);
  WorkerSetup limit;
  limit.memory_bytes = 64 * kMiB;
  const Sequence setup = worker.offer(shm::JobKind::setup, encode_setup(limit));
  worker.ring();
  REQUIRE(worker.wait_for(setup).ending == Ending::returned);
  const Sequence other = worker.offer_function("sleep", "[1000]");
  worker.ring();
  worker.wait_for_starts(1);
  CHECK(worker.run_function("hoard", "[1048576]").result == "1");
  CHECK_FALSE(worker.side().is_leaving());
  CHECK(worker.run_function("hoard", "[60817408]").result == "2");
  CHECK(worker.side().is_leaving());
  worker.order(control::OrderKind::stop, other);
  CHECK(worker.wait_for(other).error_type == "Stopped");
  CHECK(WEXITSTATUS(worker.wait_for_exit()) == 0);
}

#endif

}  // namespace
}  // namespace jobpool::worker
