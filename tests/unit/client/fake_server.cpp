// Blocking sockets with a receive time-out, so that a client that never comes fails the test instead of hanging it.
#include "tests/unit/client/fake_server.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <stdexcept>

#include "common/socket.hpp"
#include "proto/messages.hpp"

namespace jobpool::testing {
namespace {

constexpr timeval kPeerPatience{60, 0};  // far above what anything takes on a busy machine

void check(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error("fake daemon: " + what);
}

// On a socket with a time-out, the kernel restarts nothing after a signal of any kind.
template <class Call>
ssize_t again_if_interrupted(Call call) {
  ssize_t got = call();
  while (got < 0 && errno == EINTR) got = call();
  return got;
}

void collect(msghdr& message, std::vector<UniqueFd>& fds) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
}

}  // namespace

Heard FakePeer::hear() {
  for (;;) {
    if (const auto message = decoder_.next()) {
      auto call = proto::read_call(*message);
      check(static_cast<bool>(call), "the client sent what is no call");
      return Heard{{std::move(call->method), proto::JsonObject(call->parameters), call->oneway, call->more},
                   heard_++ == owner_ ? std::exchange(fds_, {}) : std::vector<UniqueFd>{}};
    }
    std::array<char, 4096> bytes;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxPassedFds)> control;
    iovec piece{bytes.data(), bytes.size()};
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t size = again_if_interrupted([&] { return ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC); });
    check(size > 0, "the client closed, or is silent");
    const std::size_t had = fds_.size();
    collect(header, fds_);
    check(static_cast<bool>(decoder_.feed({bytes.data(), static_cast<std::size_t>(size)})), "the client's message is too long");
    // A receive ends with the piece that has descriptors: they belong to the last message in it.
    if (fds_.size() > had) owner_ = decoder_.fed_messages() - (decoder_.pending() > 0 ? 0 : 1);
  }
}

Heard FakePeer::hear(std::string_view method) {
  Heard heard = hear();
  check(heard.call.method == method, "expected " + std::string{method} + ", got " + heard.call.method);
  return heard;
}

void FakePeer::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    check(sent > 0, "the client does not read");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void FakePeer::say(std::string_view parameters, bool continues) {
  std::string reply;
  proto::append_reply(reply, parameters, continues);
  write(reply);
}

void FakePeer::say_with(std::string_view parameters, int fd) {
  std::string reply;
  proto::append_reply(reply, parameters);
  const std::array<int, 1> fds{fd};
  const auto sent = send_message(socket_.get(), std::as_bytes(std::span{reply}), fds);
  check(static_cast<bool>(sent), "the reply with a descriptor was not sent");
}

void FakePeer::fail(std::string_view error, std::string_view parameters) {
  std::string reply;
  proto::append_error(reply, error, parameters);
  write(reply);
}

void FakePeer::greet(std::string_view instance) {
  hear("org.jobpool.Pool.Hello");
  say(hello(instance));
}

void FakePeer::wait_for_end() {
  std::array<char, 4096> bytes;
  ssize_t size = 0;
  while ((size = again_if_interrupted([&] { return ::recv(socket_.get(), bytes.data(), bytes.size(), 0); })) > 0) {
  }
  check(size == 0 || errno == ECONNRESET, "the client does not close");
}

void FakePeer::end_output() { check(::shutdown(socket_.get(), SHUT_WR) == 0, "shutdown failed"); }

bool FakePeer::hears_more() {
  char byte = 0;
  return decoder_.pending() > 0 || decoder_.next().has_value() ||
         again_if_interrupted([&] { return ::recv(socket_.get(), &byte, 1, 0); }) > 0;
}

FakeServer::FakeServer(std::function<void(FakeServer&)> script) : path_(folder_.file("socket")) {
  listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  check(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "bind");
  check(::listen(listener_.get(), 16) == 0, "listen");
  ::setsockopt(listener_.get(), SOL_SOCKET, SO_RCVTIMEO, &kPeerPatience, sizeof kPeerPatience);
  thread_ = std::thread([this, script = std::move(script)] {
    try {
      script(*this);
    } catch (...) {  // whatever it is, for finish(): in this thread it would end the program
      failure_ = std::current_exception();
      listener_.reset();
    }
  });
}

FakeServer::~FakeServer() {
  if (thread_.joinable()) thread_.join();
}

FakePeer FakeServer::accept() {
  UniqueFd socket{static_cast<int>(again_if_interrupted([&] { return ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC); }))};
  check(static_cast<bool>(socket), std::string("nobody connects: ") + std::strerror(errno));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPeerPatience, sizeof kPeerPatience);
  return FakePeer{std::move(socket)};
}

void FakeServer::stop_listening() { listener_.reset(); }

void FakeServer::finish() {
  if (thread_.joinable()) thread_.join();
  if (failure_) std::rethrow_exception(failure_);
}

std::string hello(std::string_view instance, std::int64_t since_usec) {
  return proto::write_hello({"0.0", std::string{instance}, 1, 2, since_usec});
}

std::string function_ending(std::uint64_t id, std::string_view result) {
  proto::Ending ending;
  ending.id = JobId{id};
  ending.outcome = Outcome::succeeded;
  ending.result = std::string{result};
  return proto::write_ending(ending);
}

}  // namespace jobpool::testing
