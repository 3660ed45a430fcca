// The harness's plain socket work.
#include "tests/unit/broker/server/harness.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "common/socket.hpp"
#include "daemon/broker/server/asio_types.hpp"

namespace jobpool::broker::testing {

std::string call_text(int n, std::string_view more_keys, std::string_view method) {
  std::string text = R"({"method":")";
  text.append(method).append(R"(","parameters":{"n":)").append(std::to_string(n)).append("}");
  if (!more_keys.empty()) text.append(",").append(more_keys);
  text += "}";
  text.push_back('\0');
  return text;
}

std::int64_t number_of(const Call& call) {
  const auto number = call.envelope.parameters.member("n");
  return number ? number->integer().value_or(-1) : -1;
}

std::size_t open_fds() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

void Client::end_input() { ::shutdown(socket_.get(), SHUT_WR); }

std::size_t Client::send_some(std::string_view bytes, const std::vector<int>& fds_to_send) {
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(64 * sizeof(int))]{};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  if (!fds_to_send.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(fds_to_send.size() * sizeof(int));
    cmsghdr* message = CMSG_FIRSTHDR(&header);
    message->cmsg_level = SOL_SOCKET;
    message->cmsg_type = SCM_RIGHTS;
    message->cmsg_len = CMSG_LEN(fds_to_send.size() * sizeof(int));
    std::memcpy(CMSG_DATA(message), fds_to_send.data(), fds_to_send.size() * sizeof(int));
  }
  const ssize_t sent = ::sendmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) throw std::runtime_error(std::string("client's send: ") + std::strerror(errno));
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

void Client::send(std::string_view bytes, const std::vector<int>& fds_to_send) {
  if (send_some(bytes, fds_to_send) != bytes.size()) throw std::runtime_error("client's send: not all was taken");
}

void Client::read() {
  std::vector<std::byte> buffer(256 * 1024);
  while (!closed_) {
    Result<Received> got = receive_message(socket_.get(), buffer);
    if (!got && got.error().code == Errc::full) return;
    if (!got || got->size == 0) {
      closed_ = true;
      return;
    }
    received_.append(reinterpret_cast<const char*>(buffer.data()), got->size);
    for (UniqueFd& fd : got->fds) fds.push_back(std::move(fd));
  }
}

std::vector<nlohmann::json> Client::replies() {
  read();
  std::vector<nlohmann::json> replies;
  std::size_t begin = 0;
  for (std::size_t nul = received_.find('\0'); nul != std::string::npos; nul = received_.find('\0', begin)) {
    replies.push_back(nlohmann::json::parse(received_.substr(begin, nul - begin)));
    begin = nul + 1;
  }
  received_.erase(0, begin);
  return replies;
}

bool Client::is_closed() {
  read();
  return closed_;
}

Harness::Harness(const Limits& limits, AdmissionPolicy may_connect) : server(io, handler, std::move(may_connect), limits) {
  const SteadyTimer opens_asios_own_descriptors(io);  // now, so that a test can count the others
}

Client Harness::connect() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) throw std::runtime_error("socketpair");
  UniqueFd ours(ends[0]), theirs(ends[1]);
  const Result<Peer> peer = peer_of(theirs.get());
  if (!peer) throw std::runtime_error(peer.error().text);
  server.adopt(std::move(theirs), *peer);
  turn();
  return Client(std::move(ours));
}

void Harness::turn() {
  for (std::size_t handled = 1; handled > 0 || server.has_unsent();) {
    io.restart();  // an io_context with nothing to watch stops itself
    handled = io.poll();
    server.flush();
    handled += io.poll();
  }
}

void Harness::send_all(Client& client, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t sent = client.send_some(bytes);
    turn();
    if (sent == 0 && client.is_closed()) return;
    bytes.remove_prefix(sent);
  }
}

}  // namespace jobpool::broker::testing
