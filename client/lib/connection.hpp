// One connection to the daemon: Varlink messages out and in over a Unix stream socket, each wait with a deadline.
// The low level under libjobpool and the CLI: it knows no verb and recovers from nothing. One thread at a time.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "common/result.hpp"
#include "common/shared_text.hpp"
#include "common/unique_fd.hpp"
#include "proto/envelope.hpp"
#include "proto/frame.hpp"

namespace jobpool::client {

inline constexpr TimePoint kNever = TimePoint::max();  // for what may take as long as it takes: the peer's death still ends the wait

// What poll(2) takes for the time until `deadline`, rounded up; -1 for kNever.
int poll_timeout(TimePoint deadline);

struct Reply {
  proto::JsonObject parameters;
  std::string error;  // the Varlink error's name; empty: none
  bool continues = false;
  std::vector<UniqueFd> fds;  // that came up to the end of this message; a call that expects some must not be pipelined
};

// A call as it is sent. A large text that belongs into it is not copied for that, but escaped piece by piece on its way.
struct Message {
  std::string text;                 // encoded by proto::write_call, but for
  std::string_view arguments = {};  // what is to stand, escaped, there; it must stay until the call is over
  std::size_t arguments_at = 0;
};

class Connection {
 public:
  // Errors: not_found, closed (nobody listens), permission_denied, timed_out, invalid_argument (the path is too long), io.
  static Result<Connection> open(const std::string& path, TimePoint deadline);

  int fd() const { return socket_.get(); }

  // The daemon's instance, once a Hello on this connection told it; empty before.
  const SharedText& instance() const { return instance_; }
  void set_instance(std::string_view instance) { instance_ = instance; }

  // Sends one encoded message (proto::write_call), descriptors with its first byte. Never raises SIGPIPE.
  // An error means that the daemon cannot have seen the whole message, so that it never acted on its last call. What the daemon says
  // meanwhile is read, and waits for take_reply(). Errors: closed, timed_out, io, protocol; invalid_argument: it is longer than the daemon
  // reads (proto::kMaxMessageBytes), which would close the connection.
  Result<void> send(std::string_view message, std::span<const int> fds, TimePoint deadline);

  // The same of a message with large arguments. How long these are when they are escaped is known at their end: after invalid_argument,
  // too, the connection is to be dropped.
  Result<void> send(const Message& message, std::span<const int> fds, TimePoint deadline);

  // A reply that has arrived already; nullopt: none is complete. Errors: protocol.
  Result<std::optional<Reply>> take_reply();
  // Reads what there is, waiting for its first byte up to the deadline. Errors: closed (end of input too), timed_out, protocol, io.
  Result<void> read_more(TimePoint deadline);
  // The same for who has waited already. False: there is nothing. Errors: closed, protocol, io.
  Result<bool> read_now();

  // The next reply, and a call with its first reply. Errors: as above.
  Result<Reply> receive(TimePoint deadline);
  Result<Reply> call(std::string_view method, std::string_view parameters_json, TimePoint deadline,
                     proto::CallMode mode = proto::CallMode::plain, std::span<const int> fds = {});

 private:
  explicit Connection(UniqueFd socket) : socket_(std::move(socket)) {}
  // One behind the other.
  Result<void> send_pieces(std::string_view first, std::string_view second, std::span<const int> fds, TimePoint deadline);

  UniqueFd socket_;
  SharedText instance_;
  proto::FrameDecoder decoder_;
  std::vector<UniqueFd> fds_;
};

}  // namespace jobpool::client
