// Orders to workers: checked like control messages.
#include "common/control/order.hpp"

#include <vector>

#include "common/socket.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/control/open_fds.hpp"

using namespace jobpool;
using namespace jobpool::control;
using jobpool::test::open_fds;

namespace {

Result<OrderEnvelope> pass(const Order& order, std::size_t fds = 0) {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  const std::vector<int> some(fds, 0);
  REQUIRE(send_order(pair->first.get(), order, some));
  return receive_order(pair->second.get());
}

Order order_of(OrderKind kind) {
  Order order;
  order.kind = kind;
  return order;
}

void check_refused(const Result<OrderEnvelope>& result) {
  REQUIRE(!result);
  CHECK(result.error().code == Errc::protocol);
}

}  // namespace

TEST_CASE("every field of an order arrives as it was sent") {
  Order order = order_of(OrderKind::stop);
  order.sequence = Sequence{99};
  order.usec = 5000000;
  order.value = 15;
  auto envelope = pass(order);
  REQUIRE(envelope);
  CHECK(envelope->order.kind == OrderKind::stop);
  CHECK(envelope->order.sequence == Sequence{99});
  CHECK(envelope->order.usec == 5000000);
  CHECK(envelope->order.value == 15);
}

TEST_CASE("an order of another version, kind or size is refused, and its descriptors are closed") {
  const auto before = open_fds();
  Order order = order_of(OrderKind::leave);
  order.version = 2;
  check_refused(pass(order));
  check_refused(pass(order_of(static_cast<OrderKind>(0))));
  check_refused(pass(order_of(static_cast<OrderKind>(5)), 2));
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  const std::vector<std::byte> bytes(sizeof(Order) + 8);
  const int fd = 0;
  REQUIRE(send_message(pair->first.get(), bytes, std::span(&fd, 1)));
  check_refused(receive_order(pair->second.get()));
  *pair = SocketPair{};
  CHECK(open_fds() == before);
}

TEST_CASE("only an order of descriptors carries descriptors, and it must") {
  const auto before = open_fds();
  CHECK(pass(order_of(OrderKind::descriptors), 3));
  check_refused(pass(order_of(OrderKind::descriptors), 0));
  for (const OrderKind kind : {OrderKind::stop, OrderKind::signal, OrderKind::leave}) {
    CHECK(pass(order_of(kind), 0));
    check_refused(pass(order_of(kind), 1));
  }
  CHECK(open_fds() == before);
}
