// Each set() has a number: a wait that is already due when it is replaced or cancelled must find itself out of date.
#include "daemon/broker/server/timer.hpp"

#include <cstdint>
#include <utility>

#include "daemon/broker/server/asio_types.hpp"

namespace jobpool::broker {

struct Timer::State {
  explicit State(asio::io_context& io) : timer(io) {}
  SteadyTimer timer;
  std::function<void()> callback;
  std::uint64_t setting = 0;
};

Timer::Timer(asio::io_context& io) : state_(std::make_shared<State>(io)) {}

void Timer::set(TimePoint when, std::function<void()> callback) {
  state_->callback = std::move(callback);
  state_->timer.expires_at(when);
  state_->timer.async_wait([state = state_, setting = ++state_->setting](asio::error_code) {
    if (state->setting != setting) return;
    if (const auto due = std::exchange(state->callback, nullptr)) due();
  });
}

void Timer::cancel() {
  ++state_->setting;
  state_->timer.cancel();
  state_->callback = nullptr;
}

}  // namespace jobpool::broker
