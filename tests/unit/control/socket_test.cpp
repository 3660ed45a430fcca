// Messages with descriptors: whole or not at all, and no descriptor is ever lost or left open by accident.
#include "common/socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/crowded_wire.hpp"
#include "tests/support/no_more_fds.hpp"
#include "tests/unit/control/open_fds.hpp"

using namespace jobpool;
using jobpool::test::open_fds;

namespace {

std::span<const std::byte> bytes_of(const char* text) { return std::as_bytes(std::span(text, std::strlen(text))); }

// Past send_message, which would refuse them: what a hostile peer can do.
void send_raw(int socket, std::span<const int> fds) {
  char byte = 'x';
  iovec piece{&byte, 1};
  std::vector<char> control(CMSG_SPACE(fds.size_bytes()));
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* part = CMSG_FIRSTHDR(&header);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(part), fds.data(), fds.size_bytes());
  REQUIRE(::sendmsg(socket, &header, 0) == 1);
}

}  // namespace

TEST_CASE("a message arrives whole with its descriptors, which are close-on-exec") {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  const int fds[] = {0, 1};
  REQUIRE(send_message(pair->first.get(), bytes_of("hello"), fds));
  std::array<std::byte, 16> buffer{};
  auto received = receive_message(pair->second.get(), buffer);
  REQUIRE(received);
  CHECK(received->size == 5);
  CHECK(std::memcmp(buffer.data(), "hello", 5) == 0);
  REQUIRE(received->fds.size() == 2);
  for (const auto& fd : received->fds) CHECK((::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("both ends of a pair are close-on-exec") {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  CHECK((::fcntl(pair->first.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(pair->second.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("an empty socket is full of nothing, a closed one is closed") {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  std::array<std::byte, 16> buffer{};
  auto nothing = receive_message(pair->second.get(), buffer);
  REQUIRE(!nothing);
  CHECK(nothing.error().code == Errc::full);
  pair->first.reset();
  auto end = receive_message(pair->second.get(), buffer);
  REQUIRE(end);
  CHECK(end->size == 0);
  auto sent = send_message(pair->second.get(), bytes_of("x"));
  REQUIRE(!sent);
  CHECK(sent.error().code == Errc::closed);
}

TEST_CASE("a sender is told when the socket is full instead of waiting") {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  Result<void> sent;
  for (int i = 0; i < 100000 && sent; ++i) sent = send_message(pair->first.get(), bytes_of("some bytes"));
  REQUIRE(!sent);
  CHECK(sent.error().code == Errc::full);
}

TEST_CASE("a message longer than the buffer is refused, and its descriptors are closed") {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  const auto before = open_fds();
  const int fds[] = {0};
  REQUIRE(send_message(pair->first.get(), bytes_of("much too long"), fds));
  std::array<std::byte, 4> buffer{};
  auto received = receive_message(pair->second.get(), buffer);
  REQUIRE(!received);
  CHECK(received.error().code == Errc::protocol);
  CHECK(open_fds() == before);
}

TEST_CASE("more descriptors than a message may carry are refused on both ends, and none stays open") {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  const auto before = open_fds();
  const std::vector<int> many(kMaxPassedFds + 1, 0);
  auto sent = send_message(pair->first.get(), bytes_of("x"), many);
  REQUIRE(!sent);
  CHECK(sent.error().code == Errc::invalid_argument);
  send_raw(pair->first.get(), many);
  std::array<std::byte, 4> buffer{};
  auto received = receive_message(pair->second.get(), buffer);
  REQUIRE(!received);
  CHECK(received.error().code == Errc::protocol);
  CHECK(open_fds() == before);
}

TEST_CASE("as many descriptors as a message may carry do arrive") {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  const std::vector<int> most(kMaxPassedFds, 0);
  REQUIRE(send_message(pair->first.get(), bytes_of("x"), most));
  std::array<std::byte, 4> buffer{};
  auto received = receive_message(pair->second.get(), buffer);
  REQUIRE(received);
  CHECK(received->fds.size() == kMaxPassedFds);
}

TEST_CASE("descriptors for which this process has no room are lost, and their message is not") {
  // The bug: it was refused as one with more of them than a message may carry.
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  const auto before = open_fds();
  const int fds[] = {0, 0, 0};
  std::array<std::byte, 16> buffer{};
  for (const rlim_t room : {rlim_t{0}, rlim_t{1}}) {
    REQUIRE(send_message(pair->first.get(), bytes_of("hello"), fds));
    const testing::NoMoreFds limit(room);
    auto received = receive_message(pair->second.get(), buffer);
    REQUIRE(received);
    CHECK(received->size == 5);
    CHECK(std::memcmp(buffer.data(), "hello", 5) == 0);
    CHECK(received->fds.empty());
    CHECK(received->lost_fds);
  }
  CHECK(open_fds() == before);
  REQUIRE(send_message(pair->first.get(), bytes_of("hello"), fds));
  auto received = receive_message(pair->second.get(), buffer);
  REQUIRE(received);
  CHECK(received->fds.size() == 3);
  CHECK_FALSE(received->lost_fds);
}

TEST_CASE("descriptors that the kernel does not pass on at present are told from a full socket") {
  // The bug: who sends orders to a worker took it for one that reads none, and had it killed.
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  const int fds[] = {0};
  testing::CrowdedWire wire;
  auto sent = send_message(pair->first.get(), bytes_of("x"), fds);
  REQUIRE(!sent);
  CHECK(sent.error().code == Errc::io);
  CHECK(send_message(pair->first.get(), bytes_of("x")));
  wire.take();
  CHECK(send_message(pair->first.get(), bytes_of("x"), fds));
}
