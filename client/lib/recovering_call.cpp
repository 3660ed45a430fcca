// The steps: connected? → Hello (where the instance matters) → call → replies; a loss at any step leads back to the first.
#include "client/lib/recovering_call.hpp"

#include <algorithm>

#include "proto/messages.hpp"

namespace jobpool::client {
namespace {

constexpr std::chrono::milliseconds kFirstPause{1};
constexpr std::size_t kSmallBytes = 16 * 1024;  // copying so much costs less than a write
constexpr std::chrono::milliseconds kLongestPause{100};
constexpr std::chrono::seconds kHarmless{1};  // a broker that lived so long after it had the call was not killed by it

// poll over `fds`; true: one is ready. Errors: io.
Result<bool> poll_until(std::span<pollfd> fds, TimePoint deadline) {
  for (;;) {
    const int ready = ::poll(fds.data(), fds.size(), poll_timeout(deadline));
    if (ready > 0) return true;
    if (ready == 0 && Clock::now() >= deadline) return false;
    if (ready < 0 && errno != EINTR) return errno_error("poll");
  }
}

}  // namespace

Result<Reply> RecoveringCall::finish(TimePoint deadline) {
  Result<std::optional<Reply>> reply = next(deadline);
  if (!reply) return reply.error();
  return std::move(**reply);  // without others to wait for there is always one
}

Result<std::optional<Reply>> RecoveringCall::next(TimePoint deadline, std::span<pollfd> others) {
  for (;;) {
    const Result<bool> connected = ensure_connected(deadline, others);
    if (!connected) return connected.error();
    if (!*connected) return std::optional<Reply>{};

    Result<std::optional<Reply>> reply = connection_->take_reply();
    if (!reply) return reply.error();
    if (*reply && hello_outstanding_) {
      if (auto greeted = on_hello(**reply, deadline); !greeted) return greeted.error();
      continue;
    }
    if (*reply) {
      recovering_ = false;
      if (!(*reply)->continues) give_connection_back();
      return reply;
    }
    const bool unsure = recovering_ && hello_outstanding_;  // the listener accepted, but is there a broker behind it?
    const Result<Wake> wake = wait_input(unsure ? std::min(deadline, lost_at_ + recovery_patience_) : deadline, others);
    if (wake && *wake == Wake::others) return std::optional<Reply>{};
    if (wake) continue;
    if (unsure && wake.error().code == Errc::timed_out && Clock::now() < deadline) return lost(wake.error());
    if (wake.error().code != Errc::closed) return wake.error();
    if (auto recoverable = on_loss(wake.error()); !recoverable) return recoverable.error();
  }
}

Result<RecoveringCall::Wake> RecoveringCall::wait_input(TimePoint deadline, std::span<pollfd> others) {
  if (!others.empty()) {
    std::vector<pollfd> all(others.begin(), others.end());
    all.push_back(pollfd{connection_->fd(), POLLIN, 0});
    const Result<bool> ready = poll_until(all, deadline);
    if (!ready) return ready.error();
    if (!*ready) return Error{Errc::timed_out, "no answer from the daemon in time"};
    std::copy_n(all.begin(), others.size(), others.begin());
    if (all.back().revents == 0) return Wake::others;
    const Result<bool> read = connection_->read_now();
    return read ? Result<Wake>(Wake::connection) : read.error();
  }
  if (auto more = connection_->read_more(deadline); !more) return more.error();
  return Wake::connection;
}

Result<bool> RecoveringCall::ensure_connected(TimePoint deadline, std::span<pollfd> others) {
  while (!connection_) {
    const TimePoint give_up = recovering_ ? std::min(deadline, lost_at_ + recovery_patience_) : deadline;
    Result<Connection> opened = recovering_ ? connections_.open_new(give_up) : connections_.take(deadline);
    if (opened) {
      connection_.emplace(std::move(*opened));
      const Result<void> begun = begin(give_up);
      if (begun) continue;
      // Nobody took a call that is larger than the socket's buffer: the listener accepted, but there is no broker behind it.
      if (recovering_ && begun.error().code == Errc::timed_out && Clock::now() < deadline) return lost(begun.error());
      return begun.error();
    }
    if (!recovering_) return opened.error();
    Result<bool> paused = pause(opened.error(), give_up, others);
    if (!paused || !*paused) return paused;
  }
  return true;
}

void RecoveringCall::give_connection_back() {
  connections_.give_back(std::move(*connection_));
  connection_.reset();
}

Result<bool> RecoveringCall::pause(const Error& refusal, TimePoint deadline, std::span<pollfd> others) {
  // A question may be put to the next instance too; a job of the gone one is gone with it.
  if (!suits_any_instance() && refusal.code == Errc::closed) deadline = std::min(deadline, lost_at_ + kNoListenerPatience);
  const TimePoint now = Clock::now();
  if (now >= deadline) return lost(refusal);
  const Result<bool> woken = poll_until(others, std::min(deadline, now + pause_));
  if (!woken) return woken.error();
  pause_ = std::min(2 * pause_, kLongestPause);
  return !*woken;
}

Result<void> RecoveringCall::begin(TimePoint deadline) {
  sent_here_ = hello_outstanding_ = false;
  if (resend_ != Resend::same_instance || !connection_->instance().empty()) return send_call({}, deadline);
  std::string hello = proto::write_call("org.jobpool.Pool.Hello", "{}");
  hello_outstanding_ = true;
  if (!may_have_run_) return send_call(std::move(hello), deadline);
  // The call not again before it is known to whom.
  const Result<void> sent = connection_->send(hello, {}, deadline);
  return sent ? sent : on_loss(sent.error());
}

// `ahead`: what goes before it, in the same write where that is no burden: to the broker the two are one turn then.
Result<void> RecoveringCall::send_call(std::string ahead, TimePoint deadline) {
  if (first_sent_usec_ == 0) first_sent_usec_ = boot_usec();
  const std::string made = make_message_ ? make_message_() : std::string{};
  std::string_view message = make_message_ ? made : message_.text;
  const bool is_whole = message_.arguments.empty();
  const bool is_small = is_whole && message.size() <= kSmallBytes;
  if (!ahead.empty() && is_small) message = ahead += message;
  if (!ahead.empty() && !is_small)
    if (const auto sent = connection_->send(ahead, {}, deadline); !sent) return on_loss(sent.error());
  const Result<void> sent = is_whole ? connection_->send(message, fds_, deadline) : connection_->send(message_, fds_, deadline);
  if (!sent) return on_loss(sent.error());
  may_have_run_ = sent_here_ = true;
  sent_at_ = Clock::now();
  ran_at_ = connection_->instance();
  return {};
}

Result<void> RecoveringCall::on_hello(const Reply& reply, TimePoint deadline) {
  hello_outstanding_ = false;
  if (!reply.error.empty()) return Error{Errc::protocol, "the daemon does not know Hello: " + reply.error};
  const Result<proto::Hello> hello = proto::read_hello(reply.parameters);
  if (!hello) return Error{Errc::protocol, "the daemon's Hello: " + hello.error().text};
  connection_->set_instance(hello->instance);
  recovering_ = false;
  if (sent_here_) {
    ran_at_ = hello->instance;
    return {};
  }
  if (may_have_run_ && !is_same_instance(*hello)) {
    give_connection_back();
    return Error{Errc::interrupted, "the daemon was replaced while the job may have run: its outcome is unknown"};
  }
  return send_call({}, deadline);
}

// A broker that died before it said its instance: the instance that speaks now is the same one, if it was there before we first sent.
bool RecoveringCall::is_same_instance(const proto::Hello& hello) const {
  return ran_at_.empty() ? hello.since_usec < first_sent_usec_ : ran_at_ == hello.instance;
}

Result<void> RecoveringCall::on_loss(const Error& why) {
  connection_.reset();
  if (why.code != Errc::closed) return why;
  const TimePoint now = Clock::now();
  if (sent_here_ && now - sent_at_ > kHarmless) losses_ = 0;
  if ((may_have_run_ && is_sent_once()) || ++losses_ > kMaxLosses) return lost(why);
  recovering_ = true;
  lost_at_ = now;
  pause_ = kFirstPause;
  return {};
}

Error RecoveringCall::lost(const Error& why) const {
  const bool acts = resend_ != Resend::always && resend_ != Resend::never_asks;
  if (may_have_run_ && acts) {
    const std::string_view what =
        resend_ == Resend::same_instance ? "the job may have run: its outcome" : "the call may have had its effect: whether it has";
    return Error{Errc::interrupted, "the connection to the daemon was lost while " + std::string{what} + " is unknown (" + why.text + ")"};
  }
  return Error{Errc::closed, "the connection to the daemon at " + connections_.path() + " was lost: " + why.text};
}

}  // namespace jobpool::client
