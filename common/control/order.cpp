// Sending and checking the orders of broker to worker.
#include "common/control/order.hpp"

#include <string>
#include <type_traits>

#include "common/socket.hpp"

namespace jobpool::control {
namespace {

static_assert(sizeof(Order) == 32 && std::is_trivially_copyable_v<Order>);

Error broken_order(std::string what) { return Error{Errc::protocol, "order: " + std::move(what)}; }

bool is_known(OrderKind kind) {
  switch (kind) {
    case OrderKind::descriptors:
    case OrderKind::stop:
    case OrderKind::signal:
    case OrderKind::leave:
      return true;
  }
  return false;
}

}  // namespace

Result<void> send_order(int socket, const Order& order, std::span<const int> fds) {
  return send_message(socket, std::as_bytes(std::span(&order, 1)), fds);
}

Result<OrderEnvelope> receive_order(int socket) {
  OrderEnvelope envelope;
  auto received = receive_message(socket, std::as_writable_bytes(std::span(&envelope.order, 1)));
  if (!received) return received.error();
  if (received->size == 0) return Error{Errc::closed, "orders socket: the other end is gone"};
  if (received->size != sizeof(Order)) return broken_order("size " + std::to_string(received->size));
  const Order& order = envelope.order;
  if (order.version != Order{}.version) return broken_order("version " + std::to_string(order.version));
  if (!is_known(order.kind)) return broken_order("unknown kind " + std::to_string(static_cast<std::uint32_t>(order.kind)));
  if (received->lost_fds) return broken_order("no room for its descriptors");
  if ((order.kind == OrderKind::descriptors) == received->fds.empty()) return broken_order("descriptors and kind do not fit");
  envelope.fds = std::move(received->fds);
  return envelope;
}

}  // namespace jobpool::control
