// What was done is told, also where stdout is full: the real program against a daemon that does what each test says.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <thread>

#include "client/cli/tell.hpp"
#include "proto/messages.hpp"
#include "proto/process_messages.hpp"
#include "tests/support/asleep.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/client/visit.hpp"

using namespace jobpool;
using namespace jobpool::testing;

namespace {

// The program's visit, with nowhere to write its answer to. `greeted`: whether it asks first which daemon it is.
std::string told_with_full_stdout(std::string_view method, const std::string& answer, std::vector<std::string> words, bool greeted = true) {
  FakeServer server([&](FakeServer& self) {
    FakePeer peer = self.accept();
    if (greeted) peer.greet("A");
    peer.hear(method);
    peer.say(answer);
  });
  const UniqueFd full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
  REQUIRE(full);
  words.insert(words.begin(), JOBPOOL_PROGRAM);
  const Finished finished = run(
      {.argv = std::move(words), .environment = {"JOBPOOL_SOCKET=" + server.path(), "JOBPOOL_NO_AUTOSTART=1"}, .stdout_fd = full.get()});
  server.finish();
  CHECK(finished.exit_code == 125);
  return finished.err;
}

constexpr const char* kNoRoom = "jobpool: write to stdout: No space left on device\n";

}  // namespace

TEST_CASE("the id of what was submitted is told when stdout is full") {
  // The bug: only the error was told; the job ran, and nobody knew which it was.
  const std::string accepted = proto::write_accepted(JobId{41});
  CHECK(told_with_full_stdout("org.jobpool.Pool.ApplyAsync", accepted, {"apply-async", "--", "true"}) ==
        std::string{kNoRoom} + "jobpool: job 41 was submitted\n");
  CHECK(told_with_full_stdout("org.jobpool.Job.Retry", accepted, {"retry", "7"}) ==
        std::string{kNoRoom} + "jobpool: submitted again as 41\n");
  CHECK(told_with_full_stdout("org.jobpool.Pool.Map", accepted, {"map", "--async", "--", "echo", ":::", "a"}) ==
        std::string{kNoRoom} + "jobpool: job 41 was submitted\n");
  CHECK(told_with_full_stdout("org.jobpool.Process.Start", proto::write_process_started({"server", JobId{41}}),
                              {"process", "start", "--", "true"}) == std::string{kNoRoom} + "jobpool: process 'server' was started\n");
}

TEST_CASE("items that queue get took are told when stdout is full") {
  // The bug: they were gone without a word.
  for (const char* form : {"--raw", "--json"})
    CHECK(told_with_full_stdout("org.jobpool.Queue.Get", R"({"items":["\"a\"","7"]})", {"queue", "get", "-n", "2", form, "mail"}, false) ==
          std::string{kNoRoom} + "jobpool: queue 'mail': 2 items were taken:\n\"a\"\n7\n");
  const std::string told =
      told_with_full_stdout("org.jobpool.Queue.Get", "{\"items\":[\"" + std::string(5'000, 'x') + "\"]}", {"queue", "get", "mail"}, false);
  CHECK(told.find("queue 'mail': 1 item was taken, ") != std::string::npos);
  CHECK(told.size() < 1'000);
}

TEST_CASE("a pipe that somebody has made non-blocking takes all that is written, when its reader comes") {
  // The bug: the rest was lost; a map ended there, and cancelled what ran.
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  const UniqueFd from{ends[0]};
  UniqueFd to{ends[1]};
  const std::string all(1 << 20, 'x');
  std::size_t heard = 0;
  std::thread reader([&, writer = ::gettid()] {
    wait_until([&] { return is_asleep(writer); });
    std::string some(64 * 1024, ' ');
    for (ssize_t size = 1; size != 0;) {
      size = ::read(from.get(), some.data(), some.size());
      if (size > 0) heard += static_cast<std::size_t>(size);
      if (size < 0) cli::await(from.get(), POLLIN);
    }
  });
  const bool was_taken = static_cast<bool>(cli::write_all(to.get(), all));
  to.reset();
  reader.join();
  CHECK(was_taken);
  CHECK(heard == all.size());
}
