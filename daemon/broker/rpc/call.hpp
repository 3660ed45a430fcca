// One call of one connection, from the parsed envelope to its last reply. The seam between broker/server (bytes, coroutines, limits)
// and broker/rpc (verbs): server makes calls and hands them to a CallHandler; rpc answers them, now or later, each exactly once.
// Broker process, its one thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/function_ref.hpp"
#include "common/unique_fd.hpp"
#include "proto/envelope.hpp"
#include "proto/json_string.hpp"

namespace jobpool::broker {

// Who is at the other end: SO_PEERCRED, read once at accept.
struct Peer {
  uid_t uid;
  gid_t gid;
  pid_t pid;
};

class Call {
 public:
  virtual ~Call() = default;

  proto::CallEnvelope envelope;  // its parameters: while the handler's handle() runs, null afterwards
  std::vector<UniqueFd> fds;     // those that rode with this message; a handler that takes none closes them
  bool lost_fds = false;         // there was no room for those that did: they are closed
  Peer peer{};

  // Set by a handler that must know when the connection is gone before the call was answered; called at most once, never after the answer.
  // Of a oneway call too: what waits for something is given up with its connection.
  std::function<void()> on_hangup;

  // The last reply. `handed_over` is called when all its bytes were taken by the socket; never when the connection closed before.
  virtual void reply(std::string_view parameters_json, std::vector<UniqueFd> fds = {}, std::function<void()> handed_over = {}) = 0;
  // The same of parameters that may be large: `write` appends them to where they are sent from, and may pass on a beginning, for it to
  // leave while the rest is written.
  using Write = function_ref<void(std::string& out, proto::PassOn pass_on)>;
  virtual void reply_written(Write write, std::function<void()> handed_over = {}) = 0;
  // One of several; Requires: envelope.more. `handed_over`: as above. False: the peer reads too slowly, pause until `on_drained` is called.
  virtual bool reply_more(std::string_view parameters_json, std::function<void()> handed_over = {}) = 0;
  std::function<void()> on_drained;
  // The same of a reply on which nobody acts yet: it leaves with the next one of its connection, or after some 10 ms, and those that stand
  // before it as well. A peer that sleeps until the last reply is not woken on the way there.
  virtual void reply_unhurried(std::string_view parameters_json) { reply_more(parameters_json); }
  // For an answer that may be large and is made out of nothing but what is kept anyway: calls `go_on`, which begins to make it, when there
  // is room for it: at once, or when the peer has read answers to other calls. Never when the connection closes before. Of a call with
  // several replies: once for each that is large.
  virtual void when_room(std::function<void()> go_on) { go_on(); }
  // There is room, and it is this call's from now on: the same as when_room() that calls at once, without its closure.
  virtual bool take_room() { return true; }
  virtual void error(std::string_view name, std::string_view parameters_json) = 0;
};

class CallHandler {
 public:
  virtual ~CallHandler() = default;
  // Must end in exactly one reply() or error(), during this call or later.
  virtual void handle(std::shared_ptr<Call> call) = 0;
  // The turn is to end, though there are more calls: what those before have begun can go on meanwhile.
  virtual bool is_turn_full() const { return false; }
};

}  // namespace jobpool::broker
