// One call that outlives the broker: when the connection dies before the answer, it reconnects and sends the call again where that is safe.
// Used by the library for every call and by the CLI, which waits for signals beside it. One thread at a time.
//
// A keyed call (Apply, ApplyAsync) is sent again only to the *same instance* of the daemon (Hello tells), where the key makes it the same
// job. Another instance knows nothing of the key, the job may have run: the call ends `interrupted` and is never blindly run again.
// So does any call that acts, may have acted, and was lost without an answer: who made it again would do it twice.
// Hello rides ahead of the first call, in the same write where that is small, so that knowing the instance costs no round trip.
//
// A call with several replies, of which each answers a part of it, is sent again without these parts: its message is made when it is sent.
#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client/lib/connections.hpp"
#include "common/shared_text.hpp"
#include "proto/messages.hpp"

namespace jobpool::client {

// May the call be sent again after it may have been acted on?
enum class Resend {
  never,          // it acts, and has no key: Kill, Shutdown, any method of which we know no more than its name
  never_asks,     // it only asks, but what was read of its answers would come again: a stream
  same_instance,  // it has a key
  any_instance,   // it has a key that another instance may know as well: Put, Get and Done of a durable queue
  always,         // it only asks, or asking twice is as asking once
};

// A daemon whose socket still accepts is being restarted by its supervisor, or hangs: this long is waited for its Hello.
// The daemon cancels what nobody claims within 10 s of a broker's death, so longer is of no use.
inline constexpr std::chrono::milliseconds kRecoveryPatience{10'000};
// Nobody listening means that the supervisor itself is gone (it holds the socket), or binds a vanished socket again: that is quick.
inline constexpr std::chrono::milliseconds kNoListenerPatience{1'000};
// A call that was each time in the hands of a broker that died soon is not sent again for ever: it may be what kills them. So many, since
// brokers that are killed for other reasons must cost a waiting caller nothing.
inline constexpr int kMaxLosses = 256;

class RecoveringCall {
 public:
  // `message` is encoded by proto::write_call. `fds` are only lent: they must stay open until the last reply, and are sent again with it.
  RecoveringCall(Connections& connections, std::string message, Resend resend, std::vector<int> fds = {})
      : RecoveringCall(connections, Message{std::move(message)}, resend, std::move(fds)) {}
  RecoveringCall(Connections& connections, Message&& message, Resend resend, std::vector<int> fds = {})
      : connections_(connections), message_(std::move(message)), fds_(std::move(fds)), resend_(resend) {}
  // `make_message`: called each time it is sent, likewise encoded: with what was not answered yet.
  RecoveringCall(Connections& connections, std::function<std::string()> make_message, Resend resend)
      : connections_(connections), make_message_(std::move(make_message)), resend_(resend) {}

  // Other than kRecoveryPatience: for tests, which would have to wait as long. Before the first next().
  void set_recovery_patience(std::chrono::milliseconds patience) { recovery_patience_ = patience; }

  // The next reply, an error reply included. nullopt: one of `others` became ready (see its revents); ask again.
  // Errors: timed_out (the call goes on; ask again), interrupted (it acts, and may have acted: the outcome is unknown), closed (it has not
  // acted, or may be made again), invalid_argument (it is larger than a message may be, and has not acted), permission_denied, protocol,
  // io.
  Result<std::optional<Reply>> next(TimePoint deadline, std::span<pollfd> others = {});

  // For calls with one reply and nothing else to wait for. Errors: as above.
  Result<Reply> finish(TimePoint deadline);

 private:
  enum class Wake { connection, others };

  Result<bool> ensure_connected(TimePoint deadline, std::span<pollfd> others);  // false: `others` came first
  Result<void> begin(TimePoint deadline);
  Result<void> send_call(std::string ahead, TimePoint deadline);
  Result<void> on_hello(const Reply& hello, TimePoint deadline);
  Result<void> on_loss(const Error& why);
  Result<Wake> wait_input(TimePoint deadline, std::span<pollfd> others);
  Result<bool> pause(const Error& refusal, TimePoint deadline, std::span<pollfd> others);  // false: `others` came first
  void give_connection_back();
  bool is_same_instance(const proto::Hello& hello) const;
  bool is_sent_once() const { return resend_ == Resend::never || resend_ == Resend::never_asks; }
  bool suits_any_instance() const { return resend_ == Resend::always || resend_ == Resend::any_instance; }
  Error lost(const Error& why) const;

  Connections& connections_;  // must outlive the call
  const Message message_;     // unless there is
  const std::function<std::string()> make_message_;
  const std::vector<int> fds_;
  const Resend resend_;
  std::chrono::milliseconds recovery_patience_ = kRecoveryPatience;

  std::optional<Connection> connection_;
  bool may_have_run_ = false;         // the whole message was handed to the socket at least once
  SharedText ran_at_;                 // the instance it was handed to; empty: that instance never said its name
  std::int64_t first_sent_usec_ = 0;  // CLOCK_BOOTTIME, as an instance's `since`
  bool hello_outstanding_ = false;
  bool sent_here_ = false;  // on this connection
  TimePoint sent_at_{};
  int losses_ = 0;
  bool recovering_ = false;  // since lost_at_, until the daemon answered again
  TimePoint lost_at_{};
  std::chrono::milliseconds pause_{1};  // before the next attempt to connect
};

}  // namespace jobpool::client
