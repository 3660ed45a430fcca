// The lock, the spawn, and the wait for an answer or a death. Where things are is decided in daemon_place.cpp.
#include "client/cli/autostart.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "client/cli/log_tail.hpp"
#include "client/cli/spawn.hpp"
#include "client/lib/submission.hpp"
#include "common/exit_status.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {
namespace {

constexpr std::chrono::seconds kStartPatience{15};  // recovery of a large store included
constexpr std::chrono::milliseconds kLongestPause{50};
constexpr std::string_view kDeath = " died at once; ";
constexpr std::chrono::seconds kOtherPatience{2};  // a daemon looks for its vanished socket several times a second

// Gives a pidfd, ready when the daemon died.
Result<UniqueFd> spawn_daemon(const DaemonStart& start) {
  std::vector<std::string> words{start.program, "--socket", start.socket};
  if (!start.state_dir.empty()) words.insert(words.end(), {"--state-dir", start.state_dir});
  SpawnSetup setup("/dev/null", start.log.c_str());
  setup.make_daemon();
  Result<Spawned> daemon = spawn(std::move(words), setup);
  if (!daemon) return Error{daemon.error().code, daemon.error().text + " (log " + start.log + ")"};
  return std::move(daemon->pidfd);
}

// Nobody else starts a daemon while this is held; the kernel lets go of it when we die.
Result<UniqueFd> lock(const std::string& socket) {
  const std::string path = socket + ".lock";
  UniqueFd file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return errno_error("lock " + path);
  while (::flock(file.get(), LOCK_EX) != 0)  // the holder waits at most kStartPatience itself
    if (errno != EINTR) return errno_error("lock " + path);
  return file;
}

class Startup {
 public:
  explicit Startup(const DaemonStart& start) : start_(start), log_size_(file_size(start.log)) {}

  Result<client::Connection> run() {
    Result<UniqueFd> spawned = spawn_daemon(start_);
    if (!spawned) return spawned.error();
    daemon_ = std::move(*spawned);
    for (std::chrono::milliseconds pause{1};; pause = std::min(2 * pause, kLongestPause)) {
      Result<client::Connection> connection = client::Connection::open(start_.socket, deadline_);
      if (connection) return greet(std::move(*connection));
      if (Clock::now() >= deadline_)
        return Error{Errc::timed_out, start_.program + " does not answer at " + start_.socket + "; see " + start_.log};
      if (died(pause)) return other_or_death();
    }
  }

 private:
  // The listener is there before the daemon is: only its answer means that it runs.
  Result<client::Connection> greet(client::Connection connection) {
    if (auto sent = connection.send(proto::write_call("org.jobpool.Pool.Hello", "{}"), {}, deadline_); !sent) return lost(sent.error());
    for (;;) {
      std::array<pollfd, 2> fds{{{connection.fd(), POLLIN, 0}, {daemon_.get(), POLLIN, 0}}};
      const int ready = ::poll(fds.data(), fds.size(), client::poll_timeout(deadline_));
      if (ready < 0 && errno != EINTR) return errno_error("poll");
      if (ready == 0) return Error{Errc::timed_out, start_.program + " accepts but does not answer; see " + start_.log};
      if (fds[1].revents != 0) return other_or_death();
      if (fds[0].revents == 0) continue;
      const Result<client::Reply> reply = connection.receive(deadline_);
      if (!reply) return lost(reply.error());
      const Result<proto::Hello> hello = proto::read_hello(reply->parameters);
      if (!hello) return Error{Errc::protocol, "what answers at " + start_.socket + " is no jobpoold"};
      connection.set_instance(hello->instance);
      return connection;
    }
  }

  bool died(std::chrono::milliseconds patience) {
    pollfd fd{daemon_.get(), POLLIN, 0};
    return ::poll(&fd, 1, static_cast<int>(patience.count())) > 0;
  }

  // The connection broke: the daemon's death says more than that.
  Result<client::Connection> lost(const Error& why) {
    return died(std::chrono::milliseconds{1000}) ? other_or_death() : Result<client::Connection>{why};
  }

  // It may have died because a daemon is there already, which binds its vanished socket again: that may be what was connected to, or it
  // is about to.
  Result<client::Connection> other_or_death() const {
    const TimePoint until = left_it_to_another() ? std::min(deadline_, Clock::now() + kOtherPatience) : Clock::now();
    for (std::chrono::milliseconds pause{1};; pause = std::min(2 * pause, kLongestPause)) {
      Result<client::Connection> other = client::Connection::open(start_.socket, deadline_);
      if (other) return other;
      if (Clock::now() >= until) return death();
      ::poll(nullptr, 0, static_cast<int>(pause.count()));
    }
  }

  // Requires: it is dead.
  bool left_it_to_another() const {
    siginfo_t end{};
    return ::waitid(P_PIDFD, static_cast<id_t>(daemon_.get()), &end, WEXITED | WNOHANG | WNOWAIT) == 0 && end.si_code == CLD_EXITED &&
           end.si_status == kExitAnotherDaemon;
  }

  Error death() const {
    const std::string said = log_tail(start_.log, log_size_);
    return Error{Errc::closed,
                 start_.program + std::string{kDeath} + (said.empty() ? "it logged nothing" : "its log " + start_.log + " ends:\n" + said)};
  }

  const DaemonStart& start_;
  const TimePoint deadline_ = Clock::now() + kStartPatience;
  const std::uint64_t log_size_;  // before this start
  UniqueFd daemon_;
};

}  // namespace

Result<void> may_start_daemon() {
  const auto is_set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  if (is_set("JOBPOOL_NO_AUTOSTART")) return Error{Errc::closed, "none is started: $JOBPOOL_NO_AUTOSTART is set"};
  if (is_set("INVOCATION_ID")) return Error{Errc::closed, "none is started inside a service: $INVOCATION_ID is set"};
  return {};
}

bool is_death_at_start(const Error& error) { return error.code == Errc::closed && error.text.find(kDeath) != std::string::npos; }

Result<client::Connection> start_daemon(const DaemonStart& start) {
  const Result<UniqueFd> held = lock(start.socket);
  if (!held) return held.error();
  // Whoever held the lock before may have started it.
  Result<client::Connection> connection = client::Connection::open(start.socket, Clock::now() + kStartPatience);
  if (connection) return connection;
  return Startup{start}.run();
}

}  // namespace jobpool::cli
