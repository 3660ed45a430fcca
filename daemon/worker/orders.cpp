// Reading the orders socket; see the header.
#include "daemon/worker/orders.hpp"

#include <poll.h>

#include <algorithm>

#include "common/clock.hpp"
#include "common/log.hpp"

namespace jobpool::worker {
namespace {

constexpr std::size_t kMostPending = 64;  // of several threads: several for each job that may run; more are for jobs that have ended

}  // namespace

// With one thread there is nothing to be kept apart.
std::unique_lock<std::mutex> Orders::turn() { return is_shared_ ? std::unique_lock(guard_) : std::unique_lock<std::mutex>(); }

Result<void> Orders::drain() {
  const auto turn = this->turn();
  auto done = read();
  is_closed_ = !done;
  if (is_shared_) news_.notify_all();
  return done;
}

Result<void> Orders::look() {
  if (!is_shared_) return drain();
  const auto turn = this->turn();
  return is_closed_ ? Result<void>{Error{Errc::closed, "orders: the other end is gone"}} : Result<void>{};
}

Result<void> Orders::read() {
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
      ask_to_leave();
      return;
    case control::OrderKind::stop:
    case control::OrderKind::signal:
      if (is_shared_ && pending_.size() >= kMostPending) pending_.pop_front();
      pending_.push_back(envelope.order);
      return;
  }
}

std::optional<control::Order> Orders::next_for(Sequence running) {
  const auto turn = this->turn();
  if (is_shared_) return take_for(running);
  while (!pending_.empty()) {
    const control::Order order = pending_.front();
    pending_.pop_front();
    if (order.sequence == running) return order;
  }
  return std::nullopt;
}

std::optional<control::Order> Orders::take_for(Sequence running) {
  const auto found = std::ranges::find(pending_, running, &control::Order::sequence);
  if (found == pending_.end()) return std::nullopt;
  const control::Order order = *found;
  pending_.erase(found);
  return order;
}

void Orders::wait_for(Sequence running, TimePoint until) {
  auto turn = this->turn();
  news_.wait_until(turn, until,
                   [&] { return is_closed_ || std::ranges::find(pending_, running, &control::Order::sequence) != pending_.end(); });
}

void Orders::forget(Sequence ended) {
  const auto turn = this->turn();
  std::erase_if(pending_, [&](const control::Order& order) { return order.sequence == ended; });
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
