// The worker's end of the orders socket.
#include <unistd.h>

#include "tests/unit/worker/setup.hpp"

namespace jobpool::worker {
namespace {

void send_descriptors(const Setup& setup, Sequence sequence, const std::vector<int>& fds) {
  control::Order order;
  order.kind = control::OrderKind::descriptors;
  order.sequence = sequence;
  REQUIRE(control::send_order(setup.orders_far_end(), order, fds));
}

TEST_CASE("descriptors are kept until their sequence is claimed, others stay kept") {
  Setup setup;
  Pipe first, second;
  send_descriptors(setup, Sequence{1}, {first.writing.get()});
  send_descriptors(setup, Sequence{2}, {second.writing.get(), second.reading.get()});
  REQUIRE(setup.orders().drain());
  auto taken = setup.orders().take_descriptors(Sequence{2});
  REQUIRE(taken);
  CHECK(taken->size() == 2);
  CHECK_FALSE(setup.orders().take_descriptors(Sequence{2}));
  REQUIRE(setup.orders().take_descriptors(Sequence{1}));
}

TEST_CASE("descriptors that are stale are closed, so that readers see the end") {
  Setup setup;
  Pipe stale, kept;
  send_descriptors(setup, Sequence{1}, {stale.writing.get()});
  send_descriptors(setup, Sequence{2}, {kept.writing.get()});
  stale.writing.reset();
  REQUIRE(setup.orders().drain());
  setup.orders().close_stale([](Sequence sequence) { return sequence == Sequence{1}; });
  CHECK(read_to_end(stale.reading.get()).empty());
  CHECK(setup.orders().take_descriptors(Sequence{2}));
}

// So a broker has descriptors closed that its predecessor sent ahead of an offer which it did not live to make.
TEST_CASE("descriptors that come for a sequence take the place of what came for it before and is closed") {
  Setup setup;
  Pipe stray, fresh;
  send_descriptors(setup, Sequence{1}, {stray.writing.get()});
  REQUIRE(setup.orders().drain());
  send_descriptors(setup, Sequence{1}, {fresh.writing.get(), fresh.reading.get()});
  stray.writing.reset();
  REQUIRE(setup.orders().drain());
  CHECK(read_to_end(stray.reading.get()).empty());
  const auto taken = setup.orders().take_descriptors(Sequence{1});
  REQUIRE(taken);
  CHECK(taken->size() == 2);
}

TEST_CASE("descriptors that come late are waited for, those that never come are not waited for for ever") {
  Setup setup;
  Pipe pipe;
  send_descriptors(setup, Sequence{5}, {pipe.writing.get()});
  CHECK(setup.orders().wait_for_descriptors(Sequence{5}, std::chrono::hours(1)));
  CHECK_FALSE(setup.orders().wait_for_descriptors(Sequence{6}, std::chrono::milliseconds(1)));
}

TEST_CASE("orders for another sequence than the running one are dropped") {
  Setup setup;
  setup.attempt.sequence = Sequence{1};
  setup.order(control::OrderKind::stop);
  setup.attempt.sequence = Sequence{2};
  setup.order(control::OrderKind::signal, 0, 15);
  REQUIRE(setup.orders().drain());
  const auto order = setup.orders().next_for(Sequence{2});
  REQUIRE(order);
  CHECK(order->kind == control::OrderKind::signal);
  CHECK_FALSE(setup.orders().next_for(Sequence{1}));
}

TEST_CASE("a malformed order is passed over, and the next one is read") {
  Setup setup;
  REQUIRE(::write(setup.orders_far_end(), "nonsense", 8) == 8);
  setup.order(control::OrderKind::leave);
  REQUIRE(setup.orders().drain());
  CHECK(setup.orders().leave_asked());
}

TEST_CASE("a closed far end is told, since only the supervisor's death closes it") {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  Orders orders(pair->first.get());
  REQUIRE(orders.drain());
  pair->second.reset();
  const auto drained = orders.drain();
  REQUIRE_FALSE(drained);
  CHECK(drained.error().code == Errc::closed);
}

}  // namespace
}  // namespace jobpool::worker
