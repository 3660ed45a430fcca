// ptrace: single steps, breakpoints, and a SIGSTOP that the child sends itself as a mark.
#include "tests/fault/stepper.hpp"

#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>

#include "tests/support/catch.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/test_size.hpp"

#ifndef __x86_64__
#error "the kill sweep knows breakpoints and registers of x86-64 only"
#endif

namespace jobpool::fault {
namespace {

constexpr unsigned long kInt3 = 0xcc;
constexpr unsigned long kLowByte = 0xff;

}  // namespace

Stepper::Stepper(function_ref<void()> body) {
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(1);
    body();
    ::_exit(0);
  }
  REQUIRE(pid_ > 0);
  int status = 0;
  REQUIRE(::waitpid(pid_, &status, 0) == pid_);
  // Otherwise there is no ptrace here, or the child died before its first mark.
  REQUIRE((WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP));
}

Stepper::~Stepper() { kill(); }

void Stepper::mark() { ::kill(::getpid(), SIGSTOP); }

std::vector<Place> Stepper::trace() {
  std::vector<Place> way;
  std::map<unsigned long, int> visits;
  do {
    const unsigned long here = address();
    way.push_back(Place{.steps = way.size(), .address = here, .visit = ++visits[here]});
  } while (resume(PTRACE_SINGLESTEP) == Stop::trapped);
  way.pop_back();  // the mark's system call is over and its signal pending: a running child stops for the signal, not for a breakpoint
  return way;
}

void Stepper::step_to_mark(function_ref<void()> after_each) {
  while (resume(PTRACE_SINGLESTEP) == Stop::trapped) after_each();
}

void Stepper::run_to(const Place& place) {
  void* const at = reinterpret_cast<void*>(place.address);
  const auto original = static_cast<unsigned long>(::ptrace(PTRACE_PEEKTEXT, pid_, at, nullptr));
  const unsigned long trap = (original & ~kLowByte) | kInt3;
  for (int visit = 1;; ++visit) {
    REQUIRE(::ptrace(PTRACE_POKETEXT, pid_, at, trap) == 0);
    // A mark here would mean that the child took another way than the one that was noted.
    REQUIRE(resume(PTRACE_CONT) == Stop::trapped);
    REQUIRE(address() == place.address + 1);
    if (visit == place.visit) return;
    REQUIRE(::ptrace(PTRACE_POKETEXT, pid_, at, original) == 0);
    REQUIRE(::ptrace(PTRACE_POKEUSER, pid_, offsetof(user, regs.rip), place.address) == 0);
    REQUIRE(resume(PTRACE_SINGLESTEP) == Stop::trapped);
  }
}

void Stepper::run_to_mark() { REQUIRE(resume(PTRACE_CONT) == Stop::at_mark); }

Stepper::Stop Stepper::resume(int request) {
  // The last argument 0 swallows the signal that it stopped for.
  REQUIRE(::ptrace(static_cast<__ptrace_request>(request), pid_, nullptr, nullptr) == 0);
  int status = 0;
  REQUIRE(::waitpid(pid_, &status, 0) == pid_);
  alive_ = WIFSTOPPED(status);
  REQUIRE(alive_);
  REQUIRE((WSTOPSIG(status) == SIGTRAP || WSTOPSIG(status) == SIGSTOP));
  return WSTOPSIG(status) == SIGTRAP ? Stop::trapped : Stop::at_mark;
}

unsigned long Stepper::address() const {
  return static_cast<unsigned long>(::ptrace(PTRACE_PEEKUSER, pid_, offsetof(user, regs.rip), nullptr));
}

void Stepper::kill() {
  if (!alive_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  alive_ = false;
}

Sweep sweep() {
  const char* wanted = std::getenv("JOBPOOL_SWEEP_STRIDE");
  const int given = wanted == nullptr ? 0 : std::atoi(wanted);
#if defined(JOBPOOL_ASAN) || defined(JOBPOOL_TSAN) || !defined(__OPTIMIZE__)
  return {0, given > 0 ? static_cast<std::size_t>(given) : 97};
#else
  const auto stride = static_cast<std::size_t>(given > 0 ? given : testing::of_size(3, 1));
  return {testing::any_seed() % stride, stride};
#endif
}

}  // namespace jobpool::fault
