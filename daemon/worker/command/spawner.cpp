// clone, child set-up, execve; see the header. Everything from run_child down to execve obeys the rules of a vfork child.
#include "daemon/worker/command/spawner.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace jobpool::worker {
namespace {

constexpr std::size_t kGuardBytes = 64 * 1024;   // a whole number of pages everywhere
constexpr std::size_t kStackBytes = 256 * 1024;  // the child needs a few KiB; sanitizers' interceptors need more

// A child that leaves by exec never unwinds: instrumented frames would leave their poison on the stack it used.
#define JOBPOOL_VFORK_CHILD __attribute__((no_sanitize("address", "thread", "undefined"), noinline))

struct ChildTask {
  const SpawnRequest* request;
  const std::string* candidates;
  std::size_t candidate_count;
  pid_t worker;
  int cgroup_procs;  // where the child enters its cgroup; -1: it is there, or needs none
  // Written by the child only; the worker reads them after the clone has returned (CLONE_VFORK orders the two).
  volatile SpawnStep failed_step;
  volatile int failed_number;
};

JOBPOOL_VFORK_CHILD bool fail(ChildTask& task, SpawnStep step) {
  task.failed_number = errno;
  task.failed_step = step;
  return false;
}

// Plugins may have installed handlers, which must not run on shared memory, or ignored signals, which exec would pass on.
JOBPOOL_VFORK_CHILD void reset_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) {
    if (signal != SIGKILL && signal != SIGSTOP) ::sigaction(signal, &action, nullptr);
  }
}

JOBPOOL_VFORK_CHILD bool take_streams(const int (&streams)[3]) {
  for (int target = 0; target < 3; ++target)
    if (::dup2(streams[target], target) < 0) return false;
  // Every descriptor of ours is born close-on-exec; this is for those of plugins.
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  return true;
}

JOBPOOL_VFORK_CHILD bool set_limit(decltype(RLIMIT_FSIZE) resource, std::uint64_t bytes) {
  if (bytes == 0) return true;
  struct rlimit limit {};
  if (::getrlimit(resource, &limit) != 0) return false;
  limit.rlim_max = bytes < limit.rlim_max ? bytes : limit.rlim_max;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(resource, &limit) == 0;
}

JOBPOOL_VFORK_CHILD bool prepare_child(ChildTask& task) {
  const SpawnRequest& request = *task.request;
  reset_signals();
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != task.worker) return fail(task, SpawnStep::orphaned);
  if (::setsid() < 0) return fail(task, SpawnStep::session);
  if (task.cgroup_procs >= 0 && ::write(task.cgroup_procs, "0", 1) != 1) return fail(task, SpawnStep::cgroup);
  if (!take_streams(request.streams)) return fail(task, SpawnStep::streams);
  if (::chdir(request.cwd) != 0) return fail(task, SpawnStep::directory);
  if (!set_limit(RLIMIT_FSIZE, request.file_limit)) return fail(task, SpawnStep::limit);
  // Of the program to come: until exec this is the worker's memory, and nothing more is asked for.
  if (!set_limit(RLIMIT_DATA, request.memory_bytes)) return fail(task, SpawnStep::memory);
  if (request.nice && ::setpriority(PRIO_PROCESS, 0, *request.nice) != 0) return fail(task, SpawnStep::nice);
  ::umask(request.umask);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  return true;
}

// "Not here, look further", as execvp has it.
JOBPOOL_VFORK_CHILD bool is_absence(int number) {
  return number == ENOENT || number == ENOTDIR || number == ENODEV || number == ESTALE || number == ETIMEDOUT;
}

JOBPOOL_VFORK_CHILD void exec_first(ChildTask& task) {
  bool was_forbidden = false;
  for (std::size_t i = 0; i < task.candidate_count; ++i) {
    ::execve(task.candidates[i].c_str(), task.request->plan.argv(), task.request->plan.environment());
    if (errno == EACCES) {
      was_forbidden = true;
    } else if (!is_absence(errno)) {
      fail(task, SpawnStep::exec);
      return;
    }
  }
  errno = was_forbidden ? EACCES : ENOENT;
  fail(task, SpawnStep::exec);
}

JOBPOOL_VFORK_CHILD int run_child(void* argument) {
  ChildTask& task = *static_cast<ChildTask*>(argument);
  if (prepare_child(task)) exec_first(task);
  ::_exit(127);
}

constexpr std::uint64_t kCloneFlags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD;

// clone3, which glibc does not offer: the child is born in its cgroup. Written into it afterwards it would be moved, for which the kernel
// makes all forks and exits of the host wait. As clone(): −1 and errno.
#if defined(__x86_64__)
JOBPOOL_VFORK_CHILD pid_t clone_into(int cgroup, void* stack, int* pidfd, ChildTask& task) {
  clone_args arguments{};
  arguments.flags = kCloneFlags | CLONE_INTO_CGROUP;
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(pidfd);
  arguments.exit_signal = SIGCHLD;
  arguments.stack = reinterpret_cast<std::uintptr_t>(stack);
  arguments.stack_size = kStackBytes;
  arguments.cgroup = static_cast<std::uint64_t>(cgroup);
  // The child has a stack with nothing on it, and the registers: both inputs are in some that the kernel keeps.
  long result = SYS_clone3;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "mov %[argument], %%rdi\n\t"
      "call *%[child]\n\t"
      "ud2\n"
      "1:"
      : "+a"(result)
      : "D"(&arguments), "S"(sizeof arguments), [child] "r"(&run_child), [argument] "r"(&task)
      : "rcx", "r11", "memory", "cc");
  if (result >= 0) return static_cast<pid_t>(result);
  errno = static_cast<int>(-result);
  return -1;
}
#else
pid_t clone_into(int, void*, int*, ChildTask&) {
  errno = ENOSYS;
  return -1;
}
#endif

// The call is not there, or a filter of system calls (RestrictNamespaces= of a unit, a container's) does not let it through.
bool is_unavailable(int number) { return number == ENOSYS || number == EPERM; }

}  // namespace

Result<Spawner> Spawner::create() {
  void* stack = ::mmap(nullptr, kGuardBytes + kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return errno_error("mmap of the spawn stack");
  if (::mprotect(stack, kGuardBytes, PROT_NONE) != 0) {
    const Error error = errno_error("mprotect of the spawn stack");
    ::munmap(stack, kGuardBytes + kStackBytes);
    return error;
  }
  return Spawner(stack);
}

Spawner::Spawner(Spawner&& other) noexcept : stack_(std::exchange(other.stack_, nullptr)) {}

Spawner::~Spawner() {
  if (stack_ != nullptr) ::munmap(stack_, kGuardBytes + kStackBytes);
}

std::variant<Spawned, SpawnFailure> Spawner::spawn(const SpawnRequest& request) {
  const auto& candidates = request.plan.candidates();
  ChildTask task{&request, candidates.data(), candidates.size(), ::getpid(), -1, SpawnStep::none, 0};
  // No handler may run in the child while it shares our memory.
  sigset_t all, before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  int pidfd = -1;
  char* const stack = static_cast<char*>(stack_) + kGuardBytes;
  pid_t pid = -1;
  UniqueFd procs;
  if (request.cgroup >= 0) {
    pid = clone_into(request.cgroup, stack, &pidfd, task);
    if (pid < 0 && is_unavailable(errno)) procs.reset(::openat(request.cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC));
    task.cgroup_procs = procs.get();
  }
  if (request.cgroup < 0 || procs) pid = ::clone(run_child, stack + kStackBytes, static_cast<int>(kCloneFlags) | SIGCHLD, &task, &pidfd);
  const int clone_error = errno;
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return SpawnFailure{SpawnStep::clone, clone_error};
  UniqueFd owned(pidfd);
  if (task.failed_step == SpawnStep::none) return Spawned{pid, std::move(owned)};
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return SpawnFailure{task.failed_step, task.failed_number};
}

}  // namespace jobpool::worker
