// How a live worker ends: told to leave, or with its supervisor.
#include <thread>

#include "tests/support/wait_until.hpp"
#include "tests/unit/worker/live_worker.hpp"

namespace jobpool::worker {
namespace {

TEST_CASE("an order to leave reaches a worker that sleeps, and it exits with 0") {
  LiveWorker worker;
  worker.order(control::OrderKind::leave);
  worker.ring();
  const int status = worker.wait_for_exit();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("an order to leave is never slept through, whenever it comes") {
  for (int round = 0; round < 50; ++round) {
    LiveWorker worker;
    CHECK(worker.run_function("noop").result == "null");  // it goes to sleep about now
    worker.order(control::OrderKind::leave);
    worker.ring();
    CHECK(worker.wait_for_exit() == 0);
  }
}

// A worker that had been told to leave once left its last offer behind: the job went to another worker, without its descriptors.
TEST_CASE("a worker that is told to leave does what was offered before") {
  LiveWorker worker;
  CommandSpec holding = command({"cat"});
  holding.passes_stdin = true;
  Pipe never;
  worker.order(control::OrderKind::descriptors, Sequence{1}, {never.reading.get()});
  const Sequence first = worker.offer(shm::JobKind::command, encode_spec(holding), shm::kHasDescriptors);
  worker.ring();
  worker.order(control::OrderKind::leave);
  const Sequence second = worker.offer_function("square", "[6]");
  worker.ring();
  never.writing.reset();
  CHECK(worker.wait_for(first).code == 0);
  CHECK(worker.wait_for(second).result == "36");
  CHECK(worker.wait_for_exit() == 0);
}

TEST_CASE("the supervisor's hang-up kills a worker that sleeps, and one that is in a function") {
  for (const bool sleeps : {true, false}) {
    LiveWorker worker;
    CHECK(worker.run_function("noop").result == "null");
    if (!sleeps) {
      const Sequence sequence = worker.offer_function("sleep", "[1000]");
      worker.ring();
      REQUIRE(testing::wait_until([&] { return worker.side().state(sequence) == shm::SlotState::claimed; }));
    }
    worker.hang_up();
    CHECK(WTERMSIG(worker.wait_for_exit()) == SIGKILL);
  }
}

// The death signal of the parent once belonged to the thread that had made the worker, which ends when the supervisor executes its
// successor.
TEST_CASE("a worker outlives the thread that started it") {
  std::optional<LiveWorker> worker;
  std::thread([&] { worker.emplace(); }).join();
  CHECK(worker->run_function("square", "[7]").result == "49");
  CommandSpec spec = command({"true"});
  const Sequence sequence = worker->offer(shm::JobKind::command, encode_spec(spec));
  worker->ring();
  CHECK(worker->wait_for(sequence).code == 0);
}

TEST_CASE("the supervisor's hang-up ends a worker that waits for a command, and the command's tree with it") {
  LiveWorker worker;
  Pipe pipe;
  CommandSpec spec = command({HOSTILE_PROGRAM, "ignore_term"});
  spec.passes_stdout = true;
  worker.order(control::OrderKind::descriptors, Sequence{1}, {pipe.writing.get()});
  pipe.writing.reset();
  worker.offer(shm::JobKind::command, encode_spec(spec), shm::kHasDescriptors);
  worker.ring();
  Bystander bystander(pipe.reading.get(), [&] { worker.hang_up(); });
  const int status = worker.wait_for_exit();
  CHECK(bystander.rest().empty());
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
}

TEST_CASE("a worker started without a supervisor leaves at once") {
  LiveWorker worker;
  worker.hang_up();
  worker.ring();
  CHECK(worker.wait_for_exit() != 0);
}

}  // namespace
}  // namespace jobpool::worker
