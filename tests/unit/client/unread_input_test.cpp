// What stands on stdin, and what apply --durable makes of it.
#include "client/cli/unread_input.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "proto/messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/client/visit.hpp"

using namespace jobpool;
using namespace jobpool::testing;
using jobpool::cli::has_unread_input;

namespace {

struct Channel {
  UniqueFd reading, writing;
  void put(std::string_view text) const { REQUIRE(::write(writing.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())); }
};

Channel open_pipe() {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

Channel open_socket_pair() {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

Finished durable_cat(int stdin_fd, const std::string& socket = "/tmp/no/such/jobpool") {
  return run({.argv = {JOBPOOL_PROGRAM, "apply", "--durable", "--", "cat"},
              .environment = {"JOBPOOL_SOCKET=" + socket, "JOBPOOL_NO_AUTOSTART=1"},
              .stdin_fd = stdin_fd});
}

}  // namespace

TEST_CASE("unread input is what a pipe or a socket or a file has left") {
  for (const Channel& channel : {open_pipe(), open_socket_pair()}) {
    CHECK_FALSE(has_unread_input(channel.reading.get()));
    channel.put("in");
    CHECK(has_unread_input(channel.reading.get()));
    std::array<char, 8> bytes{};
    REQUIRE(::read(channel.reading.get(), bytes.data(), bytes.size()) == 2);
    CHECK_FALSE(has_unread_input(channel.reading.get()));
  }
  const TempDir folder;
  std::ofstream(folder.file("in")) << "in\n";
  const UniqueFd file{::open(folder.file("in").c_str(), O_RDONLY | O_CLOEXEC)};
  CHECK(has_unread_input(file.get()));
  REQUIRE(::lseek(file.get(), 0, SEEK_END) == 3);
  CHECK_FALSE(has_unread_input(file.get()));
  const UniqueFd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)}, only_written{::open(folder.file("in").c_str(), O_WRONLY | O_CLOEXEC)};
  CHECK_FALSE(has_unread_input(null.get()));
  CHECK_FALSE(has_unread_input(only_written.get()));
  CHECK_FALSE(has_unread_input(-1));
}

TEST_CASE("apply --durable refuses a stdin that it would lose and no other") {
  // The bug: `echo in | jobpool apply --durable -- cat` printed nothing, with exit code 0.
  const Channel full = open_pipe(), empty = open_pipe();
  full.put("in\n");
  const Finished lost = durable_cat(full.reading.get());
  CHECK(lost.exit_code == 2);
  CHECK(lost.err.find("--stdin FILE") != std::string::npos);
  // Nobody listens there, which is asked for next.
  CHECK(durable_cat(empty.reading.get()).exit_code == 125);
  const UniqueFd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  CHECK(durable_cat(null.get()).exit_code == 125);
}

TEST_CASE("apply --durable tells of input that came while it waited") {
  const Channel later = open_pipe();
  FakeServer server([&later](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    peer.hear(kApply);
    if (::write(later.writing.get(), "in\n", 3) != 3) throw std::runtime_error("write");
    proto::Ending end;
    end.id = JobId{7};
    end.outcome = Outcome::succeeded;
    end.exit_code = 0;
    peer.say(proto::write_ending(end));
  });
  const Finished finished = durable_cat(later.reading.get(), server.path());
  server.finish();
  CHECK(finished.exit_code == 0);
  CHECK(finished.err.find("did not reach the job") != std::string::npos);
}
