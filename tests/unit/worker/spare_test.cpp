// A worker that was started ahead, and is told its place later.
#include "tests/unit/worker/live_worker.hpp"

namespace jobpool::worker {
namespace {

// A spare one that has got as far as it goes by itself.
struct SpareWorker : LiveWorker {
  SpareWorker() : LiveWorker({}, 1, Place::awaited) {
    REQUIRE(testing::wait_until([&] { return name() == "jobpool-spare"; }));
  }
};

TEST_CASE("a spare worker claims nothing before it has its place, and serves like any other with it") {
  SpareWorker worker;
  const Sequence first = worker.offer_function("square", "[7]");
  worker.ring();
  CHECK(worker.name() == "jobpool-spare");
  worker.say_place({"--number", "3", "--incarnation", "12"});
  CHECK(worker.wait_for(first).result == "49");
  CHECK(worker.name() == "jobpool-worker");
  Pipe pipe;
  CommandSpec spec = command({"sh", "-c", "echo $JOBPOOL_WORKER"});
  spec.passes_stdout = true;
  worker.order(control::OrderKind::descriptors, Sequence{2}, {pipe.writing.get()});
  pipe.writing.reset();
  const Sequence second = worker.offer(shm::JobKind::command, encode_spec(spec), shm::kHasDescriptors);
  worker.ring();
  CHECK(worker.wait_for(second).code == 0);
  CHECK(read_to_end(pipe.reading.get()) == "3\n");
}

TEST_CASE("a spare worker leaves when nobody can give it a place any more, and dies with the supervisor once it has one") {
  SpareWorker worker;
  SECTION("none came") {
    worker.hang_up();
    const int status = worker.wait_for_exit();
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  SECTION("one came") {
    worker.say_place({"--number", "3", "--incarnation", "12"});
    CHECK(worker.run_function("noop").result == "null");
    worker.hang_up();
    const int status = worker.wait_for_exit();
    CHECK((WIFSIGNALED(status) ? WTERMSIG(status) : 0) == SIGKILL);
  }
}

TEST_CASE("a spare worker outlives what a terminal sends, and what is no place ends it") {
  SpareWorker worker;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) REQUIRE(::kill(worker.pid(), signal) == 0);
  CHECK(worker.name() == "jobpool-spare");
  SECTION("no number") { worker.say_place({"--incarnation", "12"}); }
  SECTION("a number that is none") { worker.say_place({"--number", "many"}); }
  const int status = worker.wait_for_exit();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
}

}  // namespace
}  // namespace jobpool::worker
