// A Varlink client of the tests' own, written from the protocol's rules and not from our library, so that both ends cannot be wrong alike.
// Blocking, with deadlines that fail the test.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/unique_fd.hpp"
#include "tests/support/wait_until.hpp"

namespace jobpool::testing {

using nlohmann::json;

class VarlinkClient {
 public:
  // Connects at once. Fails the test when nobody listens.
  explicit VarlinkClient(const std::string& socket_path);

  // Writes all of `bytes` as they are; false: the other end closed.
  bool write(std::string_view bytes);
  // `extra` adds flags: {"more": true}.
  void send(std::string_view method, const json& parameters = json::object(), const json& extra = json::object());

  // The next whole reply; nullopt: closed.
  std::optional<json> receive(std::chrono::milliseconds limit = kPatience);

  // Call and answer: the reply's parameters. Fails the test on an error reply.
  json call(std::string_view method, const json& parameters = json::object());
  // Call and answer: the whole reply.
  json reply_to(std::string_view method, const json& parameters = json::object());

  // Pipelines all calls, writing and reading at once; answers in their order.
  std::vector<json> exchange(const std::vector<std::string>& calls, std::chrono::milliseconds limit = 5 * kPatience);

  // Nothing more will be written; replies still come.
  void end_input();
  int fd() const { return socket_.get(); }

 private:
  // Takes the next whole message out of what was read.
  std::optional<json> next_message();

  UniqueFd socket_;
  std::string read_;
  std::size_t taken_ = 0;
};

// A call with its final NUL.
std::string call_text(std::string_view method, const json& parameters, const json& extra = json::object());

// A connected socket, or none when the kernel or the daemon refuses.
UniqueFd try_connect(const std::string& socket_path);

}  // namespace jobpool::testing
