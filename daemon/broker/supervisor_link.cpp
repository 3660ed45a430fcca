// Messages from and to the supervisor.
#include "daemon/broker/supervisor_link.hpp"

#include <chrono>
#include <utility>

#include "common/log.hpp"

namespace jobpool::broker {
namespace {

// Until what was not taken is sent again: by the clock, since what the kernel refused for want of memory no event of the socket tells.
constexpr std::chrono::milliseconds kPause{10};

}  // namespace

SupervisorLink::SupervisorLink(asio::io_context& io, UniqueFd socket, Handlers handlers)
    : io_(io), socket_(std::move(socket)), handlers_(std::move(handlers)), retry_(io) {}

Result<void> SupervisorLink::start() {
  auto watch = FdWatch::start(io_, socket_.get(), [this] { on_readable(); });
  if (!watch) return watch.error();
  watch_ = std::move(*watch);
  return {};
}

void SupervisorLink::on_readable() {
  for (;;) {
    auto envelope = control::receive(socket_.get());
    if (envelope) {
      handlers_.on_message(std::move(*envelope));
      continue;
    }
    if (envelope.error().code == Errc::full) return;
    if (envelope.error().code != Errc::closed) log::critical("the supervisor's socket: {}; leaving", envelope.error().text);
    watch_.stop();
    return handlers_.on_hangup();
  }
}

void SupervisorLink::send(const control::Message& message) {
  unsent_.push_back(message);
  flush();
}

void SupervisorLink::flush() {
  while (!unsent_.empty()) {
    if (const auto sent = control::send(socket_.get(), unsent_.front()); !sent) {
      if (sent.error().code == Errc::closed) return unsent_.clear();  // the hang-up is about to be read
      return try_again_soon();
    }
    unsent_.pop_front();
  }
}

// No other event need come: with all workers dead there is none, and none is started unless this is sent.
void SupervisorLink::try_again_soon() {
  if (std::exchange(tries_again_, true)) return;
  retry_.set(Clock::now() + kPause, [this] {
    tries_again_ = false;
    flush();
  });
}

}  // namespace jobpool::broker
