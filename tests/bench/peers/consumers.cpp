// See consumers.hpp.
#include "tests/bench/peers/consumers.hpp"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>
#include <new>

#include "tests/bench/figures.hpp"

namespace jobpool::bench {

Consumers::Consumers(int count, const std::function<void(const std::function<void()>&)>& consume) : bell_(::eventfd(0, EFD_CLOEXEC)) {
  void* memory = ::mmap(nullptr, sizeof(Tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || !bell_) give_up("the consumers' tally");
  tally_ = new (memory) Tally;
  const auto one_done = [this] {
    if (tally_->left.fetch_sub(1) == 1) ::eventfd_write(bell_.get(), 1);
  };
  for (int i = 0; i < count; ++i) {
    pids_.push_back(::fork());
    if (pids_.back() != 0) continue;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) consume(one_done);
  }
}

Consumers::~Consumers() {
  for (const pid_t pid : pids_) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  ::munmap(tally_, sizeof(Tally));
}

void Consumers::expect(long jobs) { tally_->left.store(jobs); }

void Consumers::wait() const {
  eventfd_t rings = 0;
  if (::eventfd_read(bell_.get(), &rings) != 0) give_up("the consumers' bell");
}

}  // namespace jobpool::bench
