// Functions that disturb the worker they run in, on purpose or as careless code does. Loaded by the daemon of hostile_functions_test.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jobpool/task.hpp>

namespace {

constexpr int kLastDescriptor = 1023;

JOBPOOL_TASK(close_all, [] {
  for (int fd = 3; fd <= kLastDescriptor; ++fd) ::close(fd);
});

// Not the first three: these are the daemon's log.
JOBPOOL_TASK(scribble, [](const std::string& garbage) {
  for (int fd = 3; fd <= kLastDescriptor; ++fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags == -1) continue;
    ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    [[maybe_unused]] const ssize_t written = ::write(fd, garbage.data(), garbage.size());
  }
});

// For maps: one item that takes the worker along, among others that do not.
JOBPOOL_TASK(exit_on_zero, [](long value) {
  if (value == 0) ::_exit(3);
  return value;
});

// Never asks whether it is to stop.
JOBPOOL_TASK(deaf, [](int seconds) { ::poll(nullptr, 0, seconds * 1000); });

JOBPOOL_TASK(stop_itself, [] { ::raise(SIGSTOP); });

// No handler of exit runs: what a crash handler does.
JOBPOOL_TASK(quick_exit, [](int status) { ::_exit(status); });

JOBPOOL_TASK(end_thread, [] { ::pthread_exit(nullptr); });

// So that the compiler does not see what is coming, and warn of it.
void throw_something() { throw std::runtime_error("nobody may catch this"); }
void (*volatile const thrower)() = throw_something;
JOBPOOL_TASK(terminate, []() noexcept { thrower(); });

extern long (*volatile const recur)(long);
long endless(long depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  return recur(depth + 1) + frame[0];
}
long (*volatile const recur)(long) = endless;
JOBPOOL_TASK(overflow_stack, [] { return recur(0); });

// The child stays, with all that the worker had open.
JOBPOOL_TASK(leave_child, [] {
  if (::fork() != 0) return;
  ::setsid();
  for (;;) ::pause();
});

// The child forgets that it is one, and goes on as if it were the worker.
JOBPOOL_TASK(fork_and_return, [] { return ::fork() == 0 ? "child" : "parent"; });

JOBPOOL_TASK(go_into_deleted_folder, [](const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 || ::chdir(folder.c_str()) != 0 || ::rmdir(folder.c_str()) != 0)
    throw std::runtime_error("the folder could not be made, entered and removed");
});

JOBPOOL_TASK(lower_limits, [] {
  for (const auto resource : {RLIMIT_FSIZE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_CORE}) {
    rlimit limit{};
    ::getrlimit(resource, &limit);
    limit.rlim_cur = 0;
    ::setrlimit(resource, &limit);
  }
});

}  // namespace
