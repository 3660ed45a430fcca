// A server in the test's own thread, turned by hand, with a handler that keeps its calls and clients made of plain sockets.
#pragma once

#include <asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/unique_fd.hpp"
#include "daemon/broker/rpc/call.hpp"
#include "daemon/broker/server/server.hpp"

namespace jobpool::broker::testing {

inline constexpr std::string_view kMethod = "org.jobpool.Pool.Apply";

// A whole message: {"method": …, "parameters": {"n": n}, <more_keys>} and its NUL.
std::string call_text(int n, std::string_view more_keys = {}, std::string_view method = kMethod);
std::int64_t number_of(const Call& call);  // while it is handled

std::size_t open_fds();

class KeepingHandler : public CallHandler {
 public:
  std::vector<std::shared_ptr<Call>> calls;
  std::function<void(const std::shared_ptr<Call>&)> script;  // instead of keeping
  std::function<bool()> full = [] { return false; };
  std::vector<std::int64_t> numbers;  // of `calls`
  void handle(std::shared_ptr<Call> call) override {
    if (script) return script(call);
    numbers.push_back(number_of(*call));
    calls.push_back(std::move(call));
  }
  bool is_turn_full() const override { return full(); }
};

class Client {
 public:
  explicit Client(UniqueFd socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.get(); }
  void close() { socket_.reset(); }
  void end_input();
  // What the socket takes of it; returns how much that was.
  std::size_t send_some(std::string_view bytes, const std::vector<int>& fds = {});
  // Requires: the socket takes all of it.
  void send(std::string_view bytes, const std::vector<int>& fds = {});
  // Everything that is there now.
  void read();
  // read(), and then the whole messages so far, which are taken away.
  std::vector<nlohmann::json> replies();
  std::size_t bytes_waiting() const { return received_.size(); }
  // read(), and then whether the server closed its end.
  bool is_closed();
  std::vector<UniqueFd> fds;  // that came with what was read

 private:
  UniqueFd socket_;
  std::string received_;
  bool closed_ = false;
};

class Harness {
 public:
  explicit Harness(
      const Limits& limits = {}, AdmissionPolicy may_connect = [](const Peer&, int) { return true; });

  Client connect();
  // Turns until nothing is left to do.
  void turn();
  void send_all(Client& client, std::string_view bytes);

  asio::io_context io;
  KeepingHandler handler;
  Server server;
};

}  // namespace jobpool::broker::testing
