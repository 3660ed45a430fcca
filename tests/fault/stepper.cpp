// ptrace single-stepping. The mark is a SIGSTOP that the child sends itself, so it needs no agreement on addresses.
#include "tests/fault/stepper.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "tests/support/catch.hpp"

namespace jobpool::fault {

Stepper::Stepper(function_ref<void()> body) {
  pid_ = ::fork();
  if (pid_ < 0) std::abort();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(1);
    body();
    ::_exit(0);
  }
  int status = 0;
  const bool stopped = ::waitpid(pid_, &status, 0) == pid_ && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP;
  if (!stopped) std::abort();  // no ptrace here, or the child died before its first mark: nothing can be tested
}

Stepper::~Stepper() { kill(); }

void Stepper::mark() { ::kill(::getpid(), SIGSTOP); }

bool Stepper::step_to_mark(int instructions) {
  Stop stop = Stop::stepped;
  for (int i = 0; i < instructions && stop == Stop::stepped; ++i) stop = resume(PTRACE_SINGLESTEP);
  REQUIRE(stop != Stop::ended);
  return stop == Stop::at_mark;
}

bool Stepper::run_to_mark() { return resume(PTRACE_CONT) == Stop::at_mark; }

Stepper::Stop Stepper::resume(int request) {
  int status = 0;
  // The last argument 0 swallows the signal it stopped for.
  if (::ptrace(static_cast<__ptrace_request>(request), pid_, nullptr, nullptr) != 0) return Stop::ended;
  if (::waitpid(pid_, &status, 0) != pid_ || !WIFSTOPPED(status)) {
    alive_ = false;
    return Stop::ended;
  }
  if (WSTOPSIG(status) == SIGSTOP) return Stop::at_mark;
  return WSTOPSIG(status) == SIGTRAP ? Stop::stepped : Stop::ended;
}

void Stepper::kill() {
  if (!alive_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  alive_ = false;
}

int sweep_stride() {
  const char* wanted = std::getenv("JOBPOOL_SWEEP_STRIDE");
  const int stride = wanted == nullptr ? 0 : std::atoi(wanted);
  if (stride > 0) return stride;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
  return 97;
#else
  return 1;
#endif
}

static_assert(sizeof(cpu_set_t) == 16 * sizeof(unsigned long));

OneProcessor::OneProcessor() {
  cpu_set_t before;
  if (::sched_getaffinity(0, sizeof before, &before) != 0) std::abort();
  std::memcpy(before_, &before, sizeof before);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(::sched_getcpu(), &one);
  ::sched_setaffinity(0, sizeof one, &one);  // refused: it only takes longer
}

OneProcessor::~OneProcessor() {
  cpu_set_t before;
  std::memcpy(&before, before_, sizeof before);
  ::sched_setaffinity(0, sizeof before, &before);
}

}  // namespace jobpool::fault
