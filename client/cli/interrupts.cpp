// See interrupts.hpp.
#include "client/cli/interrupts.hpp"

#include <signal.h>
#include <sys/signalfd.h>

namespace jobpool::cli {
namespace {

sigset_t only_interrupts() {
  sigset_t interrupts;
  ::sigemptyset(&interrupts);
  ::sigaddset(&interrupts, SIGINT);
  return interrupts;
}

}  // namespace

bool block_interrupts() {
  struct sigaction now {};
  if (::sigaction(SIGINT, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) return false;
  const sigset_t interrupts = only_interrupts();
  ::pthread_sigmask(SIG_BLOCK, &interrupts, nullptr);
  return true;
}

UniqueFd interrupt_signals() {
  if (!block_interrupts()) return {};
  const sigset_t interrupts = only_interrupts();
  return UniqueFd{::signalfd(-1, &interrupts, SFD_CLOEXEC | SFD_NONBLOCK)};
}

void let_interrupts_end_us() {
  const sigset_t interrupts = only_interrupts();
  ::pthread_sigmask(SIG_UNBLOCK, &interrupts, nullptr);
}

}  // namespace jobpool::cli
