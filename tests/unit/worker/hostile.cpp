// A job that does not want to die, in many ways. Started by the worker's tests; its argument says how.
// Each of its processes keeps stdout open, so the end of that pipe proves that all of them are gone. It writes "ready" when it is as
// hostile as it gets, and ends by itself after two minutes, should a test fail to kill it.
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string_view>
#include <thread>

namespace {

constexpr int kLongestLifeSeconds = 120;

void say_ready() {
  if (::write(STDOUT_FILENO, "ready\n", 6) != 6) std::_Exit(3);
}

[[noreturn]] void stay() {
  ::alarm(kLongestLifeSeconds);
  for (;;) ::pause();
}

// The command itself: stays until what it has started says ready, then ends and leaves that behind.
template <class Left>
[[noreturn]] void leave_behind(Left left) {
  int ready[2];
  if (::pipe(ready) != 0) std::_Exit(3);
  if (::fork() == 0) left(ready[1]);
  char octet;
  std::_Exit(::read(ready[0], &octet, 1) == 1 ? 0 : 3);
}

void tell(int ready) {
  say_ready();
  if (::write(ready, "!", 1) != 1) std::_Exit(3);
}

// The parent exits, the child goes on: a new pid each time, never the same process twice. `Hop` is what each generation does first.
template <class Hop>
[[noreturn]] void run_chain(Hop hop, int ready) {
  const std::time_t begin = std::time(nullptr);
  for (long generation = 0;; ++generation) {
    if (generation == 100) tell(ready);
    if (std::time(nullptr) - begin > kLongestLifeSeconds) std::_Exit(0);
    const pid_t child = ::fork();
    if (child != 0) ::_exit(0);
    hop();
  }
}

[[noreturn]] void chain() {
  leave_behind([](int ready) { run_chain([] {}, ready); });
}

[[noreturn]] void chain_of_sessions() {
  leave_behind([](int ready) { run_chain([] { ::setsid(); }, ready); });
}

// The classic way into the background: twice forked, with a session of its own.
[[noreturn]] void daemonize() {
  leave_behind([](int ready) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    tell(ready);
    stay();
  });
}

[[noreturn]] void ignore_term() {
  ::signal(SIGTERM, SIG_IGN);
  if (::fork() == 0) stay();
  say_ready();
  stay();
}

// A child that is stopped cannot act on TERM, and a KILL must reach it too.
[[noreturn]] void stopped() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::raise(SIGSTOP);
    stay();
  }
  int status = 0;
  ::waitpid(child, &status, WUNTRACED);
  say_ready();
  stay();
}

// Answers each TERM with a fresh copy of itself in a new session.
void refork(int) {
  if (::fork() != 0) ::_exit(0);
  ::setsid();
}
[[noreturn]] void refork_on_term() {
  ::signal(SIGTERM, refork);
  if (::fork() == 0) stay();
  say_ready();
  stay();
}

// Ends well, and leaves a child that would go on.
[[noreturn]] void leave_child() {
  if (::fork() == 0) stay();
  say_ready();
  std::_Exit(7);
}

bool is_zombie_by_proc() {
  std::FILE* file = std::fopen("/proc/self/stat", "re");
  char state = 0;
  if (file == nullptr || std::fscanf(file, "%*d (%*[^)]) %c", &state) != 1) std::_Exit(3);
  std::fclose(file);
  return state == 'Z';
}

// Its first thread ends, and another one goes on: /proc calls that a zombie.
template <class Ready>
[[noreturn]] void go_on_headless(Ready ready) {
  std::thread([ready] {
    while (!is_zombie_by_proc()) std::this_thread::yield();
    ready();
    stay();
  }).detach();
  ::pthread_exit(nullptr);
}
[[noreturn]] void headless() { go_on_headless(say_ready); }
[[noreturn]] void leave_headless() {
  leave_behind([](int ready) { go_on_headless([ready] { tell(ready); }); });
}

// Holds a process that is nobody's any more, as a debugger does: killed, that one stays a zombie until the holder ends.
[[noreturn]] void hold_orphan() {
  int told[2];
  if (::pipe(told) != 0) std::_Exit(3);
  const pid_t holder = ::getpid();
  const pid_t parent = ::fork();
  if (parent == 0) {
    if (::fork() != 0) std::_Exit(0);
    ::prctl(PR_SET_PTRACER, holder, 0, 0, 0);
    const pid_t self = ::getpid();
    if (::write(told[1], &self, sizeof self) != sizeof self) std::_Exit(3);
    stay();
  }
  ::waitpid(parent, nullptr, 0);
  pid_t orphan = 0;
  if (::read(told[0], &orphan, sizeof orphan) != sizeof orphan || ::ptrace(PTRACE_SEIZE, orphan, 0, 0) != 0) std::_Exit(3);
  say_ready();
  stay();
}

// Clears up when it is told to stop: the child writes a line on TERM, after its parent has gone.
void clear_up(int) {
  if (::write(STDOUT_FILENO, "cleared\n", 8) != 8) std::_Exit(3);
  std::_Exit(0);
}
[[noreturn]] void clears_up() {
  int gone[2];
  if (::pipe(gone) != 0) std::_Exit(3);
  if (::fork() == 0) {
    ::close(gone[1]);
    sigset_t term;
    ::sigemptyset(&term);
    ::sigaddset(&term, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &term, nullptr);
    ::signal(SIGTERM, clear_up);
    say_ready();
    char octet;
    if (::read(gone[0], &octet, 1) != 0) std::_Exit(3);  // the end of input: the parent is dead
    ::sigprocmask(SIG_UNBLOCK, &term, nullptr);
    stay();
  }
  stay();
}

// A small fork bomb: every process makes two and waits for them.
[[noreturn]] void bush() {
  for (int depth = 0; depth < 6; ++depth) {
    if (::fork() == 0) continue;
    if (::fork() == 0) {
      ::setsid();
      continue;
    }
    if (depth == 0) say_ready();
    stay();
  }
  stay();
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string_view, void (*)()> ways{{"chain", chain},
                                                    {"chain_of_sessions", chain_of_sessions},
                                                    {"daemonize", daemonize},
                                                    {"ignore_term", ignore_term},
                                                    {"stopped", stopped},
                                                    {"refork_on_term", refork_on_term},
                                                    {"leave_child", leave_child},
                                                    {"clears_up", clears_up},
                                                    {"bush", bush},
                                                    {"headless", headless},
                                                    {"leave_headless", leave_headless},
                                                    {"hold_orphan", hold_orphan}};
  // What a debugger or a test runner may have set must not decide how this behaves.
  ::prctl(PR_SET_PDEATHSIG, 0);
  const auto way = argc == 2 ? ways.find(argv[1]) : ways.end();
  if (way == ways.end()) return 2;
  way->second();
}
