// See varlink_client.hpp.
#include "tests/support/varlink_client.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "tests/support/catch.hpp"
#include "tests/support/milliseconds_until.hpp"

namespace jobpool::testing {
UniqueFd try_connect(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path) return {};
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket;
}

std::string call_text(std::string_view method, const json& parameters, const json& extra) {
  json call = {{"method", method}};
  if (!parameters.empty()) call["parameters"] = parameters;
  call.update(extra);
  return call.dump() + '\0';
}

VarlinkClient::VarlinkClient(const std::string& socket_path) {
  wait_until([&] { return static_cast<bool>(socket_ = try_connect(socket_path)); });
  INFO("connecting to " << socket_path);
  REQUIRE(socket_);
}

bool VarlinkClient::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    if (errno != EAGAIN) return false;
    pollfd ready{socket_.get(), POLLOUT, 0};
    REQUIRE(::poll(&ready, 1, static_cast<int>(kPatience.count())) == 1);
  }
  return true;
}

void VarlinkClient::send(std::string_view method, const json& parameters, const json& extra) {
  REQUIRE(write(call_text(method, parameters, extra)));
}

std::optional<json> VarlinkClient::next_message() {
  const std::size_t end = read_.find('\0', taken_);
  if (end == std::string::npos) return std::nullopt;
  json message =
      json::parse(read_.begin() + static_cast<std::ptrdiff_t>(taken_), read_.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
  INFO("a reply that is no JSON: " << read_.substr(taken_, std::min<std::size_t>(end - taken_, 500)));
  REQUIRE(message.is_object());
  taken_ = end + 1;
  if (taken_ == read_.size()) {
    read_.clear();
    taken_ = 0;
  }
  return message;
}

std::optional<json> VarlinkClient::receive(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    if (auto message = next_message()) return message;
    pollfd ready{socket_.get(), POLLIN, 0};
    const int count = ::poll(&ready, 1, milliseconds_until(deadline));
    INFO("waiting for a reply; so far: " << read_.substr(0, 500));
    REQUIRE(count == 1);
    std::array<char, 65536> buffer;
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size == 0 || (size < 0 && errno != EAGAIN)) return std::nullopt;
    if (size > 0) read_.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

json VarlinkClient::reply_to(std::string_view method, const json& parameters) {
  send(method, parameters);
  const auto reply = receive();
  INFO("the daemon closed the connection at " << method << " " << parameters.dump());
  REQUIRE(reply);
  return *reply;
}

json VarlinkClient::call(std::string_view method, const json& parameters) {
  const json reply = reply_to(method, parameters);
  INFO(method << " " << parameters.dump() << " was answered " << reply.dump());
  REQUIRE_FALSE(reply.contains("error"));
  return reply.value("parameters", json::object());
}

std::vector<json> VarlinkClient::exchange(const std::vector<std::string>& calls, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::vector<json> replies;
  std::string pending;
  std::size_t next_call = 0, sent = 0;
  while (replies.size() < calls.size()) {
    while (next_call < calls.size() && pending.size() - sent < 256 * 1024) pending += calls[next_call++];
    const bool writes = sent < pending.size();
    pollfd ready{socket_.get(), static_cast<short>(POLLIN | (writes ? POLLOUT : 0)), 0};
    const int count = ::poll(&ready, 1, milliseconds_until(deadline));
    INFO(replies.size() << " of " << calls.size() << " calls were answered in time");
    REQUIRE(count == 1);
    if (ready.revents & POLLOUT) {
      const ssize_t size = ::send(socket_.get(), pending.data() + sent, pending.size() - sent, MSG_NOSIGNAL);
      if (size > 0) sent += static_cast<std::size_t>(size);
      if (sent == pending.size()) pending.clear(), sent = 0;
    }
    if (ready.revents & ~POLLOUT) {
      std::array<char, 65536> buffer;
      const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
      REQUIRE((size > 0 || (size < 0 && errno == EAGAIN)));
      if (size > 0) read_.erase(0, std::exchange(taken_, 0)).append(buffer.data(), static_cast<std::size_t>(size));
      while (auto message = next_message()) replies.push_back(std::move(*message));
    }
  }
  return replies;
}

void VarlinkClient::end_input() { ::shutdown(socket_.get(), SHUT_WR); }

}  // namespace jobpool::testing
