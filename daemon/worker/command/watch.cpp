// The waiting loop of a running command; see the header.
#include "daemon/worker/command/watch.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "common/log.hpp"

namespace jobpool::worker {
namespace {

constexpr short kHangUp = POLLHUP | POLLERR | POLLNVAL;
constexpr std::chrono::milliseconds kLookForExits{50};
constexpr std::chrono::hours kLongestGrace{24 * 366};  // keeps sums of times far from overflow, whatever an order says

int poll_timeout(const std::optional<TimePoint>& deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
  constexpr std::chrono::milliseconds::rep kHour = 3'600'000;  // poll counts in int; waking once an hour costs nothing
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, kHour));
}

}  // namespace

Watch::Watch(Sources sources, Sequence sequence, std::chrono::microseconds grace, OutputBound output, Orders& orders, ProcessTree& tree,
             Reaper& reaper)
    : sources_(sources), sequence_(sequence), grace_(grace), output_(output), orders_(orders), tree_(tree), reaper_(reaper) {}

Watch::End Watch::until_dead() {
  obey_what_was_read();  // while its descriptors were waited for: nothing else would tell of it
  while (!is_over()) {
    if (must_kill()) {
      kill_tree();
    } else if (!wait_for_news()) {
      kill_tree();
      return End::supervisor_gone;
    }
  }
  return left_ == Reaper::Left::none ? End::clean : End::leftovers;
}

// Nothing is left; or the command itself is gone and the rest withstood SIGKILL.
bool Watch::is_over() {
  left_ = reaper_.reap();
  return left_ == Reaper::Left::none || (reaper_.command_status() && is_killed_);
}

// The command ended by itself, or wrote too much: what there is goes at once. A stop: its processes have until kill_at_ to clear up.
bool Watch::must_kill() const {
  if (is_killed_) return false;
  if (!excess_.empty()) return true;
  return kill_at_ ? Clock::now() >= *kill_at_ : reaper_.command_status().has_value();
}

void Watch::kill_tree() {
  is_killed_ = true;
  if (const auto killed = tree_.kill_all(reaper_); !killed) log::error("pid {}: {}", reaper_.command(), killed.error().text);
}

// False: the supervisor is gone.
bool Watch::wait_for_news() {
  // Once the command is reaped its pidfd would be readable for ever: only the exits of others are waited for then.
  const int command = reaper_.command_status() ? -1 : sources_.command;
  std::array<pollfd, 4> news{pollfd{command, POLLIN, 0}, pollfd{sources_.exits, POLLIN, 0}, pollfd{orders_.socket(), POLLIN, 0},
                             pollfd{sources_.supervisor, 0, 0}};
  const int count = ::poll(news.data(), news.size(), poll_timeout(deadline()));
  look_at_output();
  if (count <= 0) return true;
  if ((news[3].revents & kHangUp) != 0) return false;
  if (news[1].revents != 0) {
    signalfd_siginfo exit;
    // SIGCHLD does not queue: one read empties it, and reap() finds everybody.
    [[maybe_unused]] const ssize_t size = ::read(sources_.exits, &exit, sizeof exit);
  }
  return news[2].revents == 0 || obey_orders();
}

// Of what is to be done without news.
std::optional<TimePoint> Watch::deadline() const {
  if (is_killed_) return std::nullopt;
  // A thread that a plugin has started may take the signal of an exit, since SIGCHLD is blocked for ours alone.
  const std::optional<TimePoint> look = reaper_.command_status() ? std::optional{Clock::now() + kLookForExits} : output_.due();
  return kill_at_ && look ? std::min(*kill_at_, *look) : kill_at_ ? kill_at_ : look;
}

void Watch::look_at_output() {
  if (!is_killed_ && !reaper_.command_status()) excess_ = output_.look();
}

bool Watch::obey_orders() {
  const bool is_open = static_cast<bool>(orders_.drain());
  // Descriptors for a sequence that runs already were sent for an offer that did not come about, and its number was used again.
  orders_.close_stale([this](Sequence sequence) { return sequence == sequence_; });
  obey_what_was_read();
  return is_open;
}

void Watch::obey_what_was_read() {
  while (const auto order = orders_.next_for(sequence_)) {
    if (order->kind == control::OrderKind::signal) signal_group(order->value);
    if (order->kind == control::OrderKind::stop) stop(order->usec < 0 ? grace_ : std::chrono::microseconds(order->usec));
  }
}

void Watch::stop(std::chrono::microseconds grace) {
  if (!reaper_.command_status()) has_stopped_it_ = true;
  const TimePoint kill_at = Clock::now() + std::min<std::chrono::microseconds>(grace, kLongestGrace);
  // A second order may shorten the grace of the first (Ctrl-C again), never lengthen it.
  kill_at_ = kill_at_ ? std::min(*kill_at_, kill_at) : kill_at;
  if (grace.count() == 0) return;
  tree_.signal_all(SIGTERM);
  tree_.signal_all(SIGCONT);  // who is stopped could not act on TERM
}

void Watch::signal_group(int signal) {
  // Before it is reaped, its pid and so its group cannot be anybody else's.
  if (signal < 1 || signal >= NSIG || reaper_.command_status()) return;
  ::kill(-reaper_.command(), signal);
}

}  // namespace jobpool::worker
