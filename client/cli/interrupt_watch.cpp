// See interrupt_watch.hpp.
#include "client/cli/interrupt_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "client/cli/interrupts.hpp"
#include "client/cli/tell.hpp"
#include "client/lib/start_thread.hpp"
#include "common/eventfd.hpp"

namespace jobpool::cli {

void InterruptWatch::block() { block_interrupts(); }

InterruptWatch::InterruptWatch(std::function<void()> on_interrupt) : signals_(interrupt_signals()) {
  over_ = UniqueFd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  Result<std::thread> started = client::start_thread([this, call = std::move(on_interrupt)] { watch(call); });
  if (started)
    thread_ = std::move(*started);
  else
    let_interrupts_end_us();
}

InterruptWatch::~InterruptWatch() {
  ring_eventfd(over_.get());
  if (thread_.joinable()) thread_.join();
}

void InterruptWatch::watch(const std::function<void()>& on_interrupt) const {
  std::array<pollfd, 2> watched{{{signals_.get(), POLLIN, 0}, {over_.get(), POLLIN, 0}}};
  for (bool is_first = true;; is_first = false) {
    while (::poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[0].revents == 0) return;
    if (!is_first) ::_exit(kExitInterrupted);
    signalfd_siginfo news{};
    if (::read(signals_.get(), &news, sizeof news) < 0) return;
    on_interrupt();
  }
}

}  // namespace jobpool::cli
