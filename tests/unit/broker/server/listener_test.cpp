// Accepting on a real socket: many at once, too many, and no descriptors left.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/broker/server/harness.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::broker::testing;
using jobpool::testing::TempDir;

namespace {

struct Address {
  explicit Address(const std::string& path) {
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
  sockaddr_un address{};
};

UniqueFd listening_socket(const std::string& path) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  REQUIRE(::bind(socket.get(), Address(path).get(), sizeof(sockaddr_un)) == 0);
  REQUIRE(::listen(socket.get(), 4096) == 0);
  return socket;
}

Client connect_to(const std::string& path) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  REQUIRE(::connect(socket.get(), Address(path).get(), sizeof(sockaddr_un)) == 0);
  return Client(std::move(socket));
}

// The soft limit on descriptors, restored.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t most) {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const rlimit now{most, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &now) == 0);
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("connections of a listening socket are accepted, judged by the kernel's word, and served") {
  const TempDir dir;
  const std::string path = dir.file("socket");
  std::vector<Peer> peers;
  Harness harness({}, [&](const Peer& peer, int) {
    peers.push_back(peer);
    return true;
  });
  REQUIRE(harness.server.listen(listening_socket(path)));
  std::vector<Client> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(connect_to(path));
  harness.turn();
  CHECK(harness.server.connections() == 200);
  REQUIRE(peers.size() == 200);
  CHECK(peers[0].uid == ::geteuid());
  CHECK(peers[0].pid == ::getpid());
  for (Client& client : clients) client.send(call_text(1));
  harness.turn();
  CHECK(harness.handler.calls.size() == 200);
}

TEST_CASE("a flood beyond the limit is closed, and who was there is served on") {
  const TempDir dir;
  const std::string path = dir.file("socket");
  Limits limits;
  limits.connections_per_uid = 10;
  Harness harness(limits);
  REQUIRE(harness.server.listen(listening_socket(path)));
  Client served = connect_to(path);
  harness.turn();
  std::vector<Client> flood;
  for (int i = 0; i < 500; ++i) flood.push_back(connect_to(path));
  harness.turn();
  CHECK(harness.server.connections() == 10);
  int closed = 0;
  for (Client& client : flood) closed += client.is_closed() ? 1 : 0;
  CHECK(closed == 491);
  served.send(call_text(1));
  harness.turn();
  CHECK(harness.handler.calls.size() == 1);
  flood.clear();
  harness.turn();
  CHECK(harness.server.connections() == 1);
}

TEST_CASE("without descriptors left, connections wait in the backlog and nothing spins") {
  const TempDir dir;
  const std::string path = dir.file("socket");
  Harness harness;
  REQUIRE(harness.server.listen(listening_socket(path)));
  Client served = connect_to(path);
  harness.turn();
  Client waiting = connect_to(path);
  {
    std::vector<UniqueFd> all;
    const DescriptorLimit limit(static_cast<rlim_t>(open_fds() + 8));
    for (UniqueFd fd(::fcntl(0, F_DUPFD_CLOEXEC, 0)); fd; fd = UniqueFd(::fcntl(0, F_DUPFD_CLOEXEC, 0))) all.push_back(std::move(fd));
    harness.turn();
    CHECK(harness.server.connections() == 1);
    CHECK(harness.io.poll() == 0);
    served.send(call_text(1));
    harness.turn();
    CHECK(harness.handler.calls.size() == 1);
  }
  while (harness.server.connections() < 2) REQUIRE(harness.io.run_one_for(std::chrono::seconds(10)) == 1);  // the pause's end
  CHECK_FALSE(waiting.is_closed());
}

TEST_CASE("a server that stopped listening serves on, and closes in any state") {
  const TempDir dir;
  const std::string path = dir.file("socket");
  Harness harness;
  REQUIRE(harness.server.listen(listening_socket(path)));
  Client served = connect_to(path);
  harness.turn();
  harness.server.stop_listening();
  harness.turn();
  UniqueFd late(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(::connect(late.get(), Address(path).get(), sizeof(sockaddr_un)) != 0);
  served.send(call_text(1));
  harness.turn();
  CHECK(harness.handler.calls.size() == 1);
}

// Each look at the backlog, ten a second, found no descriptor and logged that.
TEST_CASE("what comes again and again is logged once a second") {
  Complaints complaints;
  const TimePoint begin = TimePoint{} + std::chrono::hours(1);
  CHECK(complaints.is_due(begin));
  CHECK_FALSE(complaints.is_due(begin));
  CHECK_FALSE(complaints.is_due(begin + kComplaintInterval - std::chrono::milliseconds(1)));
  CHECK(complaints.is_due(begin + kComplaintInterval));
  CHECK_FALSE(complaints.is_due(begin + kComplaintInterval + kAcceptPause));
}

TEST_CASE("connections end where the broker's own descriptors begin, and new ones beyond are closed") {
  // The bug: as many were let in as numbers allow, whatever the process may have open: none was left for the descriptors of a worker that
  // took a dead one's place.
  const TempDir dir;
  const std::string path = dir.file("socket");
  Limits limits;
  limits.end_of_connections = static_cast<int>(open_fds()) + 40;
  Harness harness(limits);
  REQUIRE(harness.server.listen(listening_socket(path)));
  std::vector<Client> flood;
  for (int i = 0; i < 60; ++i) {
    flood.push_back(connect_to(path));
    harness.turn();
  }
  const std::size_t let_in = harness.server.connections();
  CHECK(let_in > 5);
  CHECK(let_in < 40);
  CHECK(flood.back().is_closed());
  CHECK_FALSE(flood.front().is_closed());
  flood.erase(flood.begin(), flood.begin() + 10);
  harness.turn();
  Client late = connect_to(path);
  harness.turn();
  CHECK_FALSE(late.is_closed());
}

TEST_CASE("the limits of a process that may open few files leave some to the broker, and those of others are as ever") {
  const Limits few = limits_within(1024), many = limits_within(1'048'576), all = limits_within(~std::uint64_t{0});
  CHECK(few.end_of_passed_fds == 768);
  CHECK(few.end_of_connections == 960);
  CHECK(many.end_of_connections > 16'384);
  CHECK(all.end_of_connections == std::numeric_limits<int>::max());
  for (const Limits& limits : {few, many, all}) CHECK(limits.connections_per_uid == 4'096);
  // What `jobpool doctor` asks for: 4,096 connections, and eight for each worker.
  const int enough = 4'096 + 8 * 4 + 384;
  CHECK(limits_within(enough).end_of_connections >= 4'096 + 3 * 4 + 64);
}
