// A live worker at work: functions, commands, streams, payloads that are off.
#include "tests/unit/worker/live_worker.hpp"

namespace jobpool::worker {
namespace {

std::string array_of(const std::string& value) {
  std::string text = "[";
  return text.append(value).append("]");
}

TEST_CASE("a worker runs functions one after the other, asleep or not") {
  LiveWorker worker;
  for (int i = 0; i < 100; ++i) CHECK(worker.run_function("square", array_of(std::to_string(i))).result == std::to_string(i * i));
  std::vector<Sequence> sequences;
  for (int i = 0; i < 8; ++i) sequences.push_back(worker.offer_function("echo", array_of(std::to_string(i))));
  worker.ring();
  for (int i = 0; i < 8; ++i) CHECK(worker.wait_for(sequences[static_cast<std::size_t>(i)]).result == std::to_string(i));
  CHECK(worker.starts() == 108);
}

TEST_CASE("a large result is streamed and arrives whole") {
  LiveWorker worker;
  std::string value(3'000'000, 'x');
  value.front() = value.back() = '"';
  const Report report = worker.run_function("echo", array_of(value));
  CHECK(report.streamed);
  CHECK(report.result == value);
  CHECK(worker.run_function("noop").result == "null");
}

TEST_CASE("a worker runs a command with passed descriptors that came before the offer") {
  LiveWorker worker;
  REQUIRE(worker.run_function("noop").result == "null");
  Pipe pipe;
  CommandSpec spec = command({"sh", "-c", "echo $JOBPOOL_JOB_ID"});
  spec.passes_stdout = true;
  const Sequence next{2};
  worker.order(control::OrderKind::descriptors, next, {pipe.writing.get()});
  pipe.writing.reset();
  REQUIRE(worker.offer(shm::JobKind::command, encode_spec(spec), shm::kHasDescriptors) == next);
  worker.ring();
  const Report report = worker.wait_for(next);
  CHECK(report.ending == Ending::exited);
  CHECK(report.code == 0);
  CHECK(read_to_end(pipe.reading.get()) == "2\n");
}

TEST_CASE("descriptors of an offer that is revoked are closed by a worker that sleeps") {
  LiveWorker worker;
  Pipe pipe, never;
  // Held up by a job, the worker cannot have claimed the second when it is revoked.
  CommandSpec holding = command({"cat"});
  holding.passes_stdin = true;
  worker.order(control::OrderKind::descriptors, Sequence{1}, {never.reading.get()});
  const Sequence first = worker.offer(shm::JobKind::command, encode_spec(holding), shm::kHasDescriptors);
  REQUIRE(first == Sequence{1});
  worker.order(control::OrderKind::descriptors, Sequence{2}, {pipe.writing.get()});
  const Sequence second = worker.offer(shm::JobKind::command, encode_spec(holding), shm::kHasDescriptors);
  REQUIRE(worker.side().revoke(second));
  worker.side().release(second);
  worker.ring();
  never.writing.reset();
  CHECK(worker.wait_for(first).code == 0);
  pipe.writing.reset();
  CHECK(read_to_end(pipe.reading.get()).empty());
}

TEST_CASE("descriptors of an offer that is revoked are closed when the next one begins to run, not when it ends") {
  // The bug: a worker that had the next offer at once did not look, and who read from the other end saw no end of it for as long.
  LiveWorker worker;
  Pipe revoked, first_input, second_input;
  CommandSpec holding = command({"cat"});
  holding.passes_stdin = true;
  const auto offer = [&](Sequence sequence, UniqueFd& end) {
    worker.order(control::OrderKind::descriptors, sequence, {end.get()});
    REQUIRE(worker.offer(shm::JobKind::command, encode_spec(holding), shm::kHasDescriptors) == sequence);
  };
  offer(Sequence{1}, first_input.reading);
  offer(Sequence{2}, revoked.writing);
  REQUIRE(worker.side().revoke(Sequence{2}));
  worker.side().release(Sequence{2});
  offer(Sequence{3}, second_input.reading);
  worker.ring();
  revoked.writing.reset();
  first_input.writing.reset();
  CHECK(worker.wait_for(Sequence{1}).code == 0);
  pollfd hung_up{revoked.reading.get(), POLLIN, 0};
  CHECK(::poll(&hung_up, 1, kPatienceMs) == 1);  // while the third runs
  second_input.writing.reset();
  CHECK(worker.wait_for(Sequence{3}).code == 0);
}

TEST_CASE("a command whose descriptors never come is not started, and the worker goes on") {
  LiveWorker worker;
  CommandSpec spec = command({"true"});
  spec.passes_stdin = true;
  const Sequence sequence = worker.offer(shm::JobKind::command, encode_spec(spec), shm::kHasDescriptors);
  worker.ring();
  const Report report = worker.wait_for(sequence);
  CHECK(report.ending == Ending::not_started);
  CHECK(report.code == 125);
  CHECK(worker.run_function("noop").result == "null");
}

TEST_CASE("payloads that are off end their jobs, not the worker") {
  LiveWorker worker;
  for (const auto kind : {shm::JobKind::command, shm::JobKind::function}) {
    for (const std::string& payload : {std::string("nonsense"), std::string(), encode_function("noop", "p", "[]").substr(0, 5)}) {
      const Sequence sequence = worker.offer(kind, payload);
      worker.ring();
      CHECK(worker.wait_for(sequence).ending == Ending::not_started);
    }
  }
  CHECK(worker.run_function("noop").result == "null");
}

TEST_CASE("a function that calls exit ends its worker only, with its own status, and reports nothing") {
  LiveWorker worker;
  worker.offer_function("exit", "[17]");
  worker.ring();
  const int status = worker.wait_for_exit();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 17);
  int fins = 0;
  REQUIRE(worker.side().drain([&](const shm::Frame& frame) { fins += frame.type == shm::FrameType::fin; }));
  CHECK(fins == 0);
}

TEST_CASE("exit in a function is not held up by what plugins have made") {
  // The bug: what exit() was to do had been registered before the plugins were loaded, and so came after their globals' destructors, one of
  // which may wait for ever: the worker lived, and so did the job.
  LiveWorker worker({"--plugin-dir", std::filesystem::path(LINGERING_PLUGIN).parent_path()});
  SECTION("when they were loaded") {}
  SECTION("in the pool's initializer") { worker.initialize("make_global"); }
  worker.offer_function("exit_now", "[5]");
  worker.ring();
  const int status = worker.wait_for_exit();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 5);
}

TEST_CASE("what a plugin lets out into the worker's program costs its job alone, though each has a libstdc++ of its own") {
  LiveWorker worker({"--plugin-dir", std::filesystem::path(PROBE_PLUGIN).parent_path()});
  for (int call = 0; call < 3; ++call) {
    const Report leaked = worker.run_function("leaks_exception", "[]");
    CHECK(leaked.error_type == "std::out_of_range");
    CHECK(leaked.reason == "it got out");
    CHECK(worker.run_function("square", "[7]").result == "49");
  }
}

TEST_CASE("a worker whose functions have leaked nearly all of its descriptors leaves") {
  // The bug: each command that it was given failed, with "too many open files", and as it was idle again at once, it was given the next.
  const std::string plugins = std::filesystem::path(PROBE_PLUGIN).parent_path();
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit few{256, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  LiveWorker worker({"--plugin-dir", plugins});
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  SECTION("when that function has ended") { CHECK(worker.run_function("leak_descriptors", "[20]").result == "null"); }
  SECTION("when a command could not be started") {
    worker.initialize("leak_descriptors", "[1]");
    const Sequence job = worker.offer(shm::JobKind::command, encode_spec(command({"true"})));
    worker.ring();
    CHECK(worker.wait_for(job).ending == Ending::not_started);
  }
  const int status = worker.wait_for_exit();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a function that crashes takes its worker with it") {
  LiveWorker worker;
  worker.offer_function("crash", "[]");
  worker.ring();
  CHECK(WTERMSIG(worker.wait_for_exit()) == SIGSEGV);
}

TEST_CASE("signals that a terminal sends to everybody do not end a worker") {
  LiveWorker worker;
  REQUIRE(worker.run_function("noop").result == "null");
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) REQUIRE(::kill(worker.pid(), signal) == 0);
  CHECK(worker.run_function("square", "[5]").result == "25");
}

TEST_CASE("a plugin that calls exit while it is loaded cannot make its worker's end look ordered") {
  // The bug: status 0 is how a worker leaves that was told to. It was replaced at once, without a pause and without a word, for ever.
  LiveWorker worker({"--plugin-dir", std::filesystem::path(LEAVING_PLUGIN).parent_path()});
  const int status = worker.wait_for_exit();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == EXIT_FAILURE);
}

TEST_CASE("a worker loads the plugins of the directories it is given") {
  LiveWorker worker({"--plugin-dir", std::filesystem::path(C_PLUGIN).parent_path()});
  CHECK(worker.run_function("length", "[]").result == "2");
  CHECK(worker.run_function("no_such").reason.find(std::filesystem::path(C_PLUGIN).parent_path()) != std::string::npos);
}

}  // namespace
}  // namespace jobpool::worker
