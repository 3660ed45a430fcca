// Child: posix_spawn with pipes, and one poll loop. See child.hpp.
#include "tests/support/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "tests/support/catch.hpp"
#include "tests/support/milliseconds_until.hpp"

namespace jobpool::testing {
namespace {

struct Pipe {
  UniqueFd read_end, write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void make_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

// What would make the programs under test behave unlike in a fresh login: the caller's own daemon, or a surrounding service.
bool is_clean(std::string_view entry) {
  for (std::string_view name : {"JOBPOOL_", "INVOCATION_ID=", "JOURNAL_STREAM=", "NOTIFY_SOCKET=", "LISTEN_",
                                "XDG_RUNTIME_DIR=", "XDG_STATE_HOME=", "LC_ALL=", "NO_COLOR="}) {
    if (entry.starts_with(name)) return false;
  }
  return true;
}

std::vector<std::string> environment_with(const std::vector<std::string>& additions) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!is_clean(*entry)) continue;
    bool replaced = false;
    for (const std::string& addition : additions) {
      const std::size_t name_size = addition.find('=') + 1;
      replaced = replaced || std::strncmp(*entry, addition.c_str(), name_size) == 0;
    }
    if (!replaced) all.emplace_back(*entry);
  }
  all.insert(all.end(), additions.begin(), additions.end());
  all.emplace_back("LC_ALL=C.UTF-8");  // of two, the first one counts: a test may choose its own
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

pid_t spawn(const Invocation& invocation, int in, int out, int err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_adddup2(&actions, err, 2);
  if (!invocation.cwd.empty()) posix_spawn_file_actions_addchdir_np(&actions, invocation.cwd.c_str());
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> argv = invocation.argv;
  std::vector<std::string> environment = environment_with(invocation.environment);
  pid_t pid = -1;
  const int failure = posix_spawnp(&pid, argv[0].c_str(), &actions, &attributes, pointers_to(argv).data(), pointers_to(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  INFO("start of " << argv[0] << ": " << std::strerror(failure));
  REQUIRE(failure == 0);
  return pid;
}

int exit_code_of(const siginfo_t& info) { return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status; }

}  // namespace

Child::Child(Invocation invocation) : input_(std::move(invocation.input)) {
  ::signal(SIGPIPE, SIG_IGN);  // the program may close its stdin before all of the input was written
  for (const std::string& word : invocation.argv) shown_ += word.substr(0, 200) + " ";
  Pipe in, out, err;
  if (invocation.stdin_fd < 0) in = make_pipe();
  if (invocation.stdout_fd < 0) out = make_pipe();
  if (invocation.stderr_fd < 0) err = make_pipe();
  pid_ = spawn(invocation, in.read_end ? in.read_end.get() : invocation.stdin_fd,
               out.write_end ? out.write_end.get() : invocation.stdout_fd, err.write_end ? err.write_end.get() : invocation.stderr_fd);
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  REQUIRE(pidfd_);
  stdin_ = std::move(in.write_end);
  stdout_ = std::move(out.read_end);
  stderr_ = std::move(err.read_end);
  if (stdin_) make_nonblocking(stdin_.get());
  if (stdin_ && input_.empty()) stdin_.reset();
}

Child::Child(Child&& other) noexcept
    : shown_(std::move(other.shown_)),
      input_(std::move(other.input_)),
      fed_(other.fed_),
      pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      stdin_(std::move(other.stdin_)),
      stdout_(std::move(other.stdout_)),
      stderr_(std::move(other.stderr_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)) {}

Child::~Child() {
  if (pid_ < 0) return;
  send_signal(SIGKILL);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED);
}

void Child::send_signal(int signal) const { ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0); }

bool Child::has_ended() const {
  pollfd end{pidfd_.get(), POLLIN, 0};
  return ::poll(&end, 1, 0) == 1;
}

void Child::read_into(UniqueFd& pipe, std::string& text) {
  std::array<char, 65536> buffer;
  const ssize_t count = ::read(pipe.get(), buffer.data(), buffer.size());
  if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  if (count == 0) pipe.reset();
}

void Child::feed() {
  const ssize_t count = ::write(stdin_.get(), input_.data() + fed_, input_.size() - fed_);
  if (count > 0) fed_ += static_cast<std::size_t>(count);
  if (fed_ == input_.size() || (count < 0 && errno != EAGAIN)) stdin_.reset();
}

std::string Child::read_line(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    if (const std::size_t end = out_.find('\n'); end != std::string::npos) {
      std::string line = out_.substr(0, end);
      out_.erase(0, end + 1);
      return line;
    }
    INFO("waiting for a line of stdout from: " << shown_ << "\nso far: " << out_);
    REQUIRE(stdout_);
    pollfd ready{stdout_.get(), POLLIN, 0};
    REQUIRE(::poll(&ready, 1, milliseconds_until(deadline)) == 1);
    read_into(stdout_, out_);
  }
}

Finished Child::finish(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  bool ended = false;
  while (!ended || stdout_ || stderr_) {
    // A negative descriptor is ignored by poll.
    std::array<pollfd, 4> ready{{{stdin_ ? stdin_.get() : -1, POLLOUT, 0},
                                 {stdout_ ? stdout_.get() : -1, POLLIN, 0},
                                 {stderr_ ? stderr_.get() : -1, POLLIN, 0},
                                 {ended ? -1 : pidfd_.get(), POLLIN, 0}}};
    const int count = ::poll(ready.data(), ready.size(), milliseconds_until(deadline));
    if (count == 0) {
      FAIL("still " << (ended ? "holding its stdout or stderr open" : "running") << " after " << limit.count() << " ms: " << shown_
                    << "\nstdout: " << out_.substr(0, 4000) << "\nstderr: " << err_.substr(0, 4000));
    }
    if (ready[0].revents != 0) feed();
    if (ready[1].revents != 0) read_into(stdout_, out_);
    if (ready[2].revents != 0) read_into(stderr_, err_);
    if (ready[3].revents != 0) ended = true;
  }
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) == 0);
  pid_ = -1;
  return {exit_code_of(info), std::move(out_), std::move(err_)};
}

Finished run(Invocation invocation, std::chrono::milliseconds limit) { return Child(std::move(invocation)).finish(limit); }

}  // namespace jobpool::testing
