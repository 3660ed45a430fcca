// The lock, the spawn, and the wait for an answer or a death. Where things are is decided in daemon_place.cpp.
#include "client/cli/autostart.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "client/cli/log_tail.hpp"
#include "client/lib/submission.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {
namespace {

constexpr std::chrono::seconds kStartPatience{15};  // recovery of a large store included
constexpr std::chrono::milliseconds kLongestPause{50};

// Posix spawn attributes and file actions, freed at the end of the scope.
struct SpawnSetup {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnSetup() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
};

// A daemon's surroundings: own session, no terminal, default signals, no descriptor of ours, and no directory kept busy.
void prepare(SpawnSetup& setup, const std::string& log) {
  ::posix_spawn_file_actions_addopen(&setup.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&setup.actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&setup.actions, STDOUT_FILENO, STDERR_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&setup.actions, STDERR_FILENO + 1);
  ::posix_spawn_file_actions_addchdir_np(&setup.actions, "/");
  sigset_t all, none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&setup.attributes, &all);
  ::posix_spawnattr_setsigmask(&setup.attributes, &none);
  ::posix_spawnattr_setflags(&setup.attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

// Gives a pidfd, ready when the daemon died.
Result<UniqueFd> spawn(const DaemonStart& start) {
  std::vector<std::string> words{start.program, "--socket", start.socket};
  if (!start.state_dir.empty()) words.insert(words.end(), {"--state-dir", start.state_dir});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  SpawnSetup setup;
  prepare(setup, start.log);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, start.program.c_str(), &setup.actions, &setup.attributes, argv.data(), environ);
  if (failed != 0) return errno_error("start " + start.program + " (log " + start.log + ")", failed);
  UniqueFd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (!pidfd) return errno_error("pidfd_open");
  return pidfd;
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
    Result<UniqueFd> spawned = spawn(start_);
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
      if (fds[1].revents != 0) return death();
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
  Error lost(const Error& why) { return died(std::chrono::milliseconds{1000}) ? death() : why; }

  // It may have died because a daemon is there already, which has just bound its vanished socket again.
  Result<client::Connection> other_or_death() const {
    Result<client::Connection> other = client::Connection::open(start_.socket, deadline_);
    return other ? std::move(other) : Result<client::Connection>{death()};
  }

  Error death() const {
    const std::string said = log_tail(start_.log, log_size_);
    return Error{Errc::closed,
                 start_.program + " died at once; " + (said.empty() ? "it logged nothing" : "its log " + start_.log + " ends:\n" + said)};
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

Result<client::Connection> start_daemon(const DaemonStart& start) {
  const Result<UniqueFd> held = lock(start.socket);
  if (!held) return held.error();
  // Whoever held the lock before may have started it.
  Result<client::Connection> connection = client::Connection::open(start.socket, Clock::now() + kStartPatience);
  if (connection) return connection;
  return Startup{start}.run();
}

}  // namespace jobpool::cli
