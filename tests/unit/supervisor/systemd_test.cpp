// jobpoold under systemd: sockets that were opened before it, and telling how it is.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>

#include "daemon/supervisor/process_scan.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/supervisor/house_harness.hpp"

using namespace jobpool;
using control::Kind;
using test::House;
using test::inode_of;
using test::TemporaryDir;

namespace {

UniqueFd bound(int type, const std::string& path) {
  UniqueFd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return socket;
}

std::string receive_text(const UniqueFd& socket) {
  pollfd waiting{socket.get(), POLLIN, 0};
  REQUIRE(::poll(&waiting, 1, 30000) == 1);
  std::array<char, 512> buffer;
  const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
  REQUIRE(size > 0);
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

// Gives the child descriptor 9, which a shell can move to where systemd has it.
UniqueFd at_nine(const UniqueFd& fd) {
  REQUIRE(::dup2(fd.get(), 9) == 9);
  return UniqueFd(9);
}

constexpr const char* kMoved = "exec 3<&9 9<&-; exec";

}  // namespace

TEST_CASE("a socket from systemd is served as it is, and neither removed nor passed on in the environment") {
  TemporaryDir dir;
  const UniqueFd listening = bound(SOCK_STREAM, dir / "activated");
  REQUIRE(::listen(listening.get(), 8) == 0);
  const UniqueFd nine = at_nine(listening);
  House house({}, std::string("export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=varlink; ") + kMoved);
  auto broker = house.next_broker();
  auto welcome = broker.expect(Kind::welcome);
  REQUIRE(welcome.fds.size() == 3);
  CHECK(inode_of(welcome.fds[2]) == inode_of(listening));
  broker.expect(Kind::handover_done);
  CHECK(std::find(broker.arguments.begin(), broker.arguments.end(), dir / "activated") != broker.arguments.end());
  CHECK(!supervisor::has_environment(broker.pid, "LISTEN_FDS=1"));
  CHECK(!std::filesystem::exists(house.socket()));
  house.signal(SIGINT);
  broker.expect(Kind::stop_now);
  broker.exit_with(0);
  CHECK(house.wait() == 0);
  CHECK(std::filesystem::exists(dir / "activated"));
}

TEST_CASE("sockets meant for another process are not taken") {
  House house({}, "export LISTEN_PID=1 LISTEN_FDS=1 LISTEN_FDNAMES=varlink; exec");
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  CHECK(std::filesystem::exists(house.socket()));
}

TEST_CASE("a passed descriptor that is no listening socket is a clear error") {
  TemporaryDir dir;
  const UniqueFd deaf = bound(SOCK_STREAM, dir / "deaf");
  const UniqueFd nine = at_nine(deaf);
  House house({}, std::string("export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=varlink; ") + kMoved);
  CHECK(house.wait() == 1);
  CHECK(house.log().find("is no listening Unix stream socket") != std::string::npos);
}

TEST_CASE("systemd is told when the daemon is ready, that it stops, and that it lives") {
  TemporaryDir dir;
  const UniqueFd notified = bound(SOCK_DGRAM, dir / "notify");
  House house({}, "export WATCHDOG_USEC=60000000 NOTIFY_SOCKET='" + (dir / "notify") + "'; exec");
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  CHECK(receive_text(notified) == "WATCHDOG=1");
  broker.say(Kind::ready);
  CHECK(receive_text(notified).find("READY=1\n") == 0);
  house.signal(SIGTERM);
  broker.expect(Kind::drain);
  CHECK(receive_text(notified).find("STOPPING=1\n") == 0);
}

TEST_CASE("systemd is told what a healthy broker says of its jobs") {
  TemporaryDir dir;
  const UniqueFd notified = bound(SOCK_DGRAM, dir / "notify");
  House house({}, "export WATCHDOG_USEC=2000000 NOTIFY_SOCKET='" + (dir / "notify") + "'; exec");
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  broker.say(Kind::ready);
  broker.expect(Kind::checkup);
  control::Message healthy;
  healthy.kind = Kind::healthy;
  healthy.value = 3;
  healthy.usec = 12;
  broker.say(healthy);
  for (std::string text; text.find("; 3 running, 12 ready or waiting") == std::string::npos;) text = receive_text(notified);
  broker.expect(Kind::checkup);
}

// The watchdog was fed whatever the broker did.
TEST_CASE("a broker that is silent is ended while systemd watches, and another takes its place") {
  TemporaryDir dir;
  const UniqueFd notified = bound(SOCK_DGRAM, dir / "notify");
  House house({}, "export WATCHDOG_USEC=20000 NOTIFY_SOCKET='" + (dir / "notify") + "'; exec");
  auto silent = house.next_broker();
  silent.expect_empty_handover();
  silent.say(Kind::ready);
  silent.expect(Kind::checkup);
  silent.expect_end();
  CHECK(house.log().find("has not answered") != std::string::npos);
  auto broker = house.next_broker();
  broker.expect_empty_handover();  // it is not asked before it is ready
  broker.say(Kind::ready);
  broker.expect(Kind::checkup);
}

TEST_CASE("a socket from systemd is kept over a reload, which systemd is told of") {
  TemporaryDir dir;
  const UniqueFd listening = bound(SOCK_STREAM, dir / "activated"), notified = bound(SOCK_DGRAM, dir / "notify");
  REQUIRE(::listen(listening.get(), 8) == 0);
  const UniqueFd nine = at_nine(listening);
  House house({}, "export NOTIFY_SOCKET='" + (dir / "notify") + "' LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=varlink; " + kMoved);
  auto first = house.next_broker();
  first.expect_empty_handover();
  first.say(Kind::ready);
  CHECK(receive_text(notified).find("READY=1\n") == 0);
  house.signal(SIGHUP);
  CHECK(receive_text(notified).find("RELOADING=1\nMONOTONIC_USEC=") == 0);
  first.expect_end();
  auto second = house.next_broker();
  const auto welcome = second.expect(Kind::welcome);
  REQUIRE(welcome.fds.size() == 3);
  CHECK(inode_of(welcome.fds[2]) == inode_of(listening));
  second.expect(Kind::handover_done);
  CHECK(std::find(second.arguments.begin(), second.arguments.end(), dir / "activated") != second.arguments.end());
  CHECK(house.log().find("is ignored") == std::string::npos);
  second.say(Kind::ready);
  CHECK(receive_text(notified).find("READY=1\n") == 0);
}
