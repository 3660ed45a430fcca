// A live worker of three threads: side by side, stopped, set up, dismissed, ended by one of them.
#include "common/job/setup.hpp"
#include "tests/unit/worker/live_worker.hpp"

namespace jobpool::worker {
namespace {

constexpr int kThreads = 3;

TEST_CASE("functions run side by side in threads, and each stop order reaches its own") {
  LiveWorker worker({}, kThreads);
  std::vector<Sequence> sleeping;
  for (int i = 0; i < kThreads; ++i) sleeping.push_back(worker.offer_function("sleep", "[1000]"));
  worker.ring();
  worker.wait_for_starts(kThreads);  // none of them would have begun behind another
  for (const Sequence sequence : {sleeping[1], sleeping[0]}) {
    worker.order(control::OrderKind::stop, sequence);
    const Report report = worker.wait_for(sequence);
    CHECK(report.ending == Ending::threw);
    CHECK(report.error_type == "Stopped");
    CHECK(worker.run_function("square", "[7]").result == "49");  // beside the others
  }
  worker.order(control::OrderKind::stop, sleeping[2]);
  CHECK(worker.wait_for(sleeping[2]).error_type == "Stopped");
}

TEST_CASE("results of several threads, large ones in pieces, do not mix") {
  LiveWorker worker({}, kThreads);
  for (int round = 0; round < 20; ++round) {
    std::map<Sequence, std::string> expected;
    for (int i = 0; i < 6; ++i) {
      const std::string value =
          '"' + std::string(i % 2 == 0 ? 400'000 + static_cast<std::size_t>(i) : 10, static_cast<char>('a' + i)) + '"';
      expected[worker.offer_function("echo", "[" + value + "]")] = value;
    }
    worker.ring();
    for (const auto& [sequence, value] : expected) CHECK(worker.wait_for(sequence).result == value);
  }
}

TEST_CASE("what is no function is refused by a worker of threads") {
  LiveWorker worker({}, kThreads);
  const Sequence sequence = worker.offer(shm::JobKind::command, encode_spec(command({"true"})));
  worker.ring();
  const Report report = worker.wait_for(sequence);
  CHECK(report.ending == Ending::not_started);
  CHECK(report.reason.find("threads") != std::string::npos);
}

TEST_CASE("a worker of threads leaves when it is told to, with its jobs done, or before it had any") {
  for (const bool has_jobs : {false, true}) {
    LiveWorker worker({}, kThreads);
    std::vector<Sequence> jobs;
    if (has_jobs) {
      for (int i = 0; i < 2; ++i) jobs.push_back(worker.offer_function("sleep", "[0.05]"));
      worker.ring();
      worker.wait_for_starts(2);
    }
    worker.order(control::OrderKind::leave);
    worker.side().ring_all();
    for (const Sequence job : jobs) CHECK(worker.wait_for(job).ending == Ending::returned);
    const int status = worker.wait_for_exit();
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  }
}

TEST_CASE("a worker of threads that could not be set up leaves, and runs nothing") {
  LiveWorker worker({}, kThreads);
  WorkerSetup setup;
  setup.function = "fail";
  setup.pool = "threads";
  setup.arguments = "[]";
  const Sequence first = worker.offer(shm::JobKind::setup, std::string(encode_setup(setup)));
  worker.ring();
  CHECK(worker.wait_for(first).ending == Ending::threw);
  const int status = worker.wait_for_exit();
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  CHECK(worker.starts() == 0);
}

TEST_CASE("a thread that exits or crashes ends the whole worker") {
  for (const auto& [function, is_signal] : {std::pair{"exit", false}, std::pair{"crash", true}}) {
    LiveWorker worker({}, kThreads);
    worker.offer_function("sleep", "[1000]");
    worker.ring();
    worker.wait_for_starts(1);
    worker.offer_function(function, "[]");
    worker.ring();
    const int status = worker.wait_for_exit();
    CHECK(WIFSIGNALED(status) == is_signal);
  }
}

}  // namespace
}  // namespace jobpool::worker
