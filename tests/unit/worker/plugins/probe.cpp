// A plugin that disturbs its process and looks at it, for the tests of what functions share. Runs in the test or in a worker.
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jobpool/task.hpp>

namespace {

// Changes everything that the worker promises to restore.
JOBPOOL_TASK(disturb, [] {
  if (::chdir("/tmp") != 0) throw std::runtime_error("chdir failed");
  ::umask(0);
  ::setenv("JOBPOOL_PROBE", "left behind", 1);
  ::setenv("PATH", "/nowhere", 1);
  sigset_t usr1;
  ::sigemptyset(&usr1);
  ::sigaddset(&usr1, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &usr1, nullptr);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = 3;
  ::setrlimit(RLIMIT_NOFILE, &files);
});

// What an initializer may want to stay so.
JOBPOOL_TASK(settle, [] {
  if (::chdir("/tmp") != 0) throw std::runtime_error("chdir failed");
  ::umask(027);
  ::setenv("JOBPOOL_PROBE", "settled", 1);
  ::setenv("PATH", "/settled", 1);
});

JOBPOOL_TASK(look, [] {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  sigset_t blocked;
  ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  char* cwd = ::get_current_dir_name();
  const nlohmann::json seen{{"umask", mask},
                            {"cwd", cwd},
                            {"usr1 is blocked", ::sigismember(&blocked, SIGUSR1) == 1},
                            {"probe is set", ::getenv("JOBPOOL_PROBE") != nullptr},
                            {"path", ::getenv("PATH")},
                            {"file limit", files.rlim_cur}};
  std::free(cwd);
  return seen;
});

JOBPOOL_TASK(fork_and_return, [] { return ::fork() == 0 ? "child" : "parent"; });
JOBPOOL_TASK(leave_child, [] {
  if (::fork() == 0) ::_exit(0);
});
JOBPOOL_TASK(lower_hard_limit, [] {
  const rlimit large{rlim_t{1} << 40, rlim_t{1} << 40};  // it must harm nobody who follows
  ::setrlimit(RLIMIT_FSIZE, &large);
});

JOBPOOL_TASK(hoard, [](std::size_t bytes) {  // and never gives it back
  static std::vector<std::vector<char>> hoard;
  hoard.emplace_back(bytes, 'x');
  return hoard.size();
});

// All but so many.
JOBPOOL_TASK(leak_descriptors, [](int left) {
  int last = -1;
  for (int fd; (fd = ::dup(STDIN_FILENO)) >= 0;) last = fd;
  for (; left > 0; --left) ::close(last--);
});

JOBPOOL_TASK(exit_with_second_call, [] {
  static int calls = 0;
  if (++calls == 2) ::_exit(0);
});

// Tells who reads at `to`, and waits until they answer.
JOBPOOL_TASK(meet, [](int to, int from) {
  char byte = 0;
  if (to != 0 && (::write(to, &byte, 1) != 1 || ::read(from, &byte, 1) != 1)) throw std::runtime_error("nobody came");
});

JOBPOOL_TASK(throw_int, [] { throw 7; });
JOBPOOL_TASK(end_thread, [] { ::pthread_exit(nullptr); });
JOBPOOL_TASK(large, [](std::size_t bytes) { return std::string(bytes, 'x'); });
JOBPOOL_TASK(square, [](long) { return "the plugin's own"; });  // the built-in one stays

// A name that cannot be used, and one without code, beside good ones.
const struct Register {
  Register() {
    jobpool::task_detail::registry().push_back({"no spaces, please", nullptr, [](const jobpool_call*, void*) {}, nullptr});
    jobpool::task_detail::registry().push_back({"no_code", nullptr, nullptr, nullptr});
    // Not made with the C++ header's care: an exception leaves a C function.
    jobpool::task_detail::registry().push_back(
        {"leaks_exception", nullptr, [](const jobpool_call*, void*) { throw std::out_of_range("it got out"); }, nullptr});
  }
} bad_entries;

}  // namespace
