// What of the lines of stdin `queue put` sends in one call: the real program against a daemon that hears it.
#include <fcntl.h>

#include <fstream>

#include "proto/queue_messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/client/visit.hpp"

using namespace jobpool;
using namespace jobpool::testing;

namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

// JSON text that is twice as long in a message.
std::string string_of_quotes(std::size_t bytes) {
  std::string text = "\"";
  while (text.size() < bytes) text += "\\\"";
  return text + "\"";
}

void hear_put(FakePeer& peer, const std::string& item) {
  const auto put = proto::read_queue_put(peer.hear("org.jobpool.Queue.Put").call.parameters);
  if (!put || put->items.size() != 1 || put->items.front() != item) throw std::runtime_error("a call with one item was expected");
  peer.say("{}");
}

// From a file: all of it is there at once.
Finished put_lines_of(const std::string& lines, const std::string& socket) {
  const TempDir folder;
  std::ofstream(folder.file("lines")) << lines;
  const UniqueFd file{::open(folder.file("lines").c_str(), O_RDONLY | O_CLOEXEC)};
  REQUIRE(file);
  return run({.argv = {JOBPOOL_PROGRAM, "queue", "put", "mail"},
              .environment = {"JOBPOOL_SOCKET=" + socket, "JOBPOOL_NO_AUTOSTART=1"},
              .stdin_fd = file.get()});
}

}  // namespace

TEST_CASE("queue put sends a large line in a call of its own") {
  // The bug: a large line went into one call with those before it, which then was larger than a message may be, though each line fits.
  const std::string first = string_of_quotes(3 * kMebibyte), second = string_of_quotes(11 * kMebibyte);
  FakeServer server([&](FakeServer& self) {
    FakePeer peer = self.accept();
    hear_put(peer, first);
    hear_put(peer, second);
  });
  const Finished finished = put_lines_of(first + "\n" + second + "\n", server.path());
  server.finish();
  CHECK(finished.exit_code == 0);
  CHECK(finished.err.empty());
}

TEST_CASE("queue put of a line that no message can carry says which one") {
  // The bug: it was sent again and again, and ended as a lost connection.
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    hear_put(peer, "1");
    if (peer.hears_more()) throw std::runtime_error("more than the first line was sent");
  });
  const Finished finished = put_lines_of("1\n" + string_of_quotes(13 * kMebibyte) + "\n", server.path());
  server.finish();
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("line 2: an item has at most 24 MiB") != std::string::npos);
  CHECK(finished.err.find("(1 line before was put)") != std::string::npos);
}
