// posix_spawn, and the hand-over of plans to the thread that calls it.
#include "daemon/supervisor/spawner.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <semaphore>
#include <thread>

#include "daemon/supervisor/exec_pointers.hpp"

namespace jobpool::supervisor {
namespace {

// The two objects that posix_spawn takes. Their calls fail only for want of memory or for a bad descriptor number.
class Preparations {
 public:
  Preparations() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  ~Preparations() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Preparations(const Preparations&) = delete;
  Preparations& operator=(const Preparations&) = delete;

  // Errors: an errno, 0 for none.
  int place(const std::vector<PlacedFd>& fds) {
    int first_free = STDERR_FILENO + 1;
    for (const PlacedFd& fd : fds) first_free = std::max(first_free, fd.target + 1);
    if (int error = ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0)) return error;
    for (const PlacedFd& fd : fds) {
      int source = fd.source;
      if (source < first_free) {
        // It may be the target of another (and be overwritten) or of itself (and keep CLOEXEC): move it out of the way.
        moved_.emplace_back(::fcntl(source, F_DUPFD_CLOEXEC, first_free));
        source = moved_.back().get();
        if (source < 0) return errno;
      }
      if (int error = ::posix_spawn_file_actions_adddup2(&actions_, source, fd.target)) return error;
    }
    return ::posix_spawn_file_actions_addclosefrom_np(&actions_, first_free);
  }

  int set_attributes() {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    if (int error = ::posix_spawnattr_setsigmask(&attributes_, &none)) return error;
    if (int error = ::posix_spawnattr_setsigdefault(&attributes_, &all)) return error;
    return ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  }

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
  std::vector<UniqueFd> moved_;
};

// posix_spawn cannot set limits, so the caller wears the child's limit for a moment.
class WornLimit {
 public:
  WornLimit(const rlimit& worn, const rlimit& own) : own_(own) { ::setrlimit(RLIMIT_NOFILE, &worn); }
  ~WornLimit() { ::setrlimit(RLIMIT_NOFILE, &own_); }
  WornLimit(const WornLimit&) = delete;
  WornLimit& operator=(const WornLimit&) = delete;

 private:
  const rlimit& own_;
};

class ThreadSpawner final : public Spawner {
 public:
  ThreadSpawner(const rlimit& original, const rlimit& raised) : original_(original), raised_(raised), thread_([this] { serve(); }) {}

  ~ThreadSpawner() override {
    plan_ = nullptr;
    asked_.release();
    thread_.join();
  }

  Result<Child> spawn(const SpawnPlan& plan) override {
    plan_ = &plan;
    asked_.release();
    answered_.acquire();
    return std::move(*answer_);
  }

 private:
  void serve() {
    for (asked_.acquire(); plan_ != nullptr; asked_.acquire()) {
      answer_.emplace(make_child(*plan_));
      answered_.release();
    }
  }

  Result<Child> make_child(const SpawnPlan& plan) const {
    Preparations prepared;
    int error = prepared.set_attributes();
    if (error == 0) error = prepared.place(plan.fds);
    if (error != 0) return errno_error("starting " + plan.program, error);
    std::vector<std::string> arguments{std::filesystem::path(plan.program).filename().string()};
    arguments.insert(arguments.end(), plan.arguments.begin(), plan.arguments.end());
    std::vector<std::string> environment = plan.environment;
    const std::string& file = plan.file.empty() ? plan.program : plan.file;
    Child child;
    {
      const WornLimit limit(plan.file_limit == FileLimit::original ? original_ : raised_, raised_);
      error = ::posix_spawn(&child.pid, file.c_str(), prepared.actions(), prepared.attributes(), exec_pointers(arguments).data(),
                            exec_pointers(environment).data());
    }
    if (error != 0) return errno_error("starting " + plan.program, error);
    child.process.reset(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
    if (!child.process) return without_descriptor(child.pid);
    return child;
  }

  // A child that could not be watched must not live. Only we reap it, so its pid cannot have been given away.
  static Error without_descriptor(pid_t pid) {
    Error error = errno_error("pidfd_open");
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return error;
  }

  const rlimit original_;
  const rlimit raised_;
  const SpawnPlan* plan_ = nullptr;
  std::optional<Result<Child>> answer_;
  std::binary_semaphore asked_{0};
  std::binary_semaphore answered_{0};
  std::thread thread_;  // last: it uses all the others
};

}  // namespace

Result<std::unique_ptr<Spawner>> Spawner::start(std::optional<std::uint64_t> file_limit) {
  rlimit now{};
  if (::getrlimit(RLIMIT_NOFILE, &now) != 0) return errno_error("getrlimit");
  rlimit original = now, raised = now;
  if (file_limit) original.rlim_cur = std::min<rlim_t>(*file_limit, now.rlim_max);
  raised.rlim_cur = raised.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &raised) != 0) raised = now;
  return std::unique_ptr<Spawner>(std::make_unique<ThreadSpawner>(original, raised));
}

}  // namespace jobpool::supervisor
