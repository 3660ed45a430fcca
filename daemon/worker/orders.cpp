// Reading the orders socket; see the header.
#include "daemon/worker/orders.hpp"

#include <poll.h>

#include "common/clock.hpp"
#include "common/log.hpp"

namespace jobpool::worker {

Result<void> Orders::drain() {
  for (;;) {
    Result<control::OrderEnvelope> received = control::receive_order(socket_);
    if (received) {
      take(std::move(*received));
      continue;
    }
    const Error& error = received.error();
    if (error.code == Errc::full) return {};
    if (error.code != Errc::protocol) return error;
    log::warn("{}, ignoring that order", error.text);
  }
}

void Orders::take(control::OrderEnvelope envelope) {
  switch (envelope.order.kind) {
    case control::OrderKind::descriptors:
      descriptors_[envelope.order.sequence] = std::move(envelope.fds);
      return;
    case control::OrderKind::leave:
      leave_asked_ = true;
      return;
    case control::OrderKind::stop:
    case control::OrderKind::signal:
      pending_.push_back(envelope.order);
      return;
  }
}

std::optional<control::Order> Orders::next_for(Sequence running) {
  while (!pending_.empty()) {
    const control::Order order = pending_.front();
    pending_.pop_front();
    if (order.sequence == running) return order;
  }
  return std::nullopt;
}

std::optional<std::vector<UniqueFd>> Orders::take_descriptors(Sequence sequence) {
  auto node = descriptors_.extract(sequence);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

std::optional<std::vector<UniqueFd>> Orders::wait_for_descriptors(Sequence sequence, std::chrono::milliseconds patience) {
  const TimePoint deadline = Clock::now() + patience;
  for (;;) {
    if (!drain()) return take_descriptors(sequence);
    if (auto found = take_descriptors(sequence)) return found;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd waiting{socket_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) == 0) return std::nullopt;
  }
}

void Orders::close_stale(const std::function<bool(Sequence)>& is_stale) {
  std::erase_if(descriptors_, [&](const auto& kept) { return is_stale(kept.first); });
}

}  // namespace jobpool::worker
