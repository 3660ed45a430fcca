// First in, first out; waiters in their order; nothing before it is stored.
#include "tests/unit/broker/queues/queue_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

TEST_CASE("what is put comes out in its order") {
  QueueDriver queues;
  queues.create("q");
  CHECK(queues.said(queues.put({"1", "2"})) == "well 2");
  queues.put({"3"});
  CHECK(queues.items() == "1 2 3");
  CHECK(queues.take() == "1");
  CHECK(queues.said(queues.get(10)) == "2 3");
  CHECK(queues.said(queues.get(1, MayWait::no)) == "empty");
}

TEST_CASE("those who wait for items are served in their order, each with as many as it asked for") {
  QueueDriver queues;
  queues.create("q");
  const Token first = queues.get(2), second = queues.get(1), third = queues.get(5);
  CHECK(queues.core.waits_for(first) == QueueCore::WaitsFor::item);
  queues.put({"1"});
  CHECK(queues.said(first) == "1");
  queues.put({"2", "3", "4"});
  CHECK(queues.said(second) == "2");
  CHECK(queues.said(third) == "3 4");
  const std::vector<std::uint64_t> last_two(queues.answered.end() - 2, queues.answered.end());
  CHECK(last_two == std::vector<std::uint64_t>{second.value, third.value});
}

TEST_CASE("those who wait for room are served in their order, and a call's items keep together in it") {
  QueueDriver queues;
  queues.create("q", 2);
  const Token first = queues.put({"1", "2", "3"}), second = queues.put({"4"});
  CHECK(queues.said(first) == "-");
  CHECK(queues.core.waits_for(first) == QueueCore::WaitsFor::room);
  CHECK(queues.core.waits_for(second) == QueueCore::WaitsFor::room);
  CHECK(queues.core.is_full(*queues.core.find("q")));
  CHECK(queues.take() == "1");
  CHECK(queues.said(first) == "well 3");
  CHECK(queues.said(second) == "-");
  CHECK(queues.take() == "2");
  CHECK(queues.said(second) == "well 1");
  CHECK(queues.items() == "3 4");
}

TEST_CASE("an item that is not stored yet is nobody's, and takes its room") {
  QueueDriver queues;
  queues.create("q", 2);
  queues.hold_puts = true;
  const Token put = queues.put({"1", "2"});
  const Token get = queues.get();
  CHECK(queues.said(put) == "-");
  CHECK(queues.core.waits_for(put) == QueueCore::WaitsFor::nothing);
  CHECK(queues.said(get) == "-");
  CHECK(queues.said(queues.put({"3"}, MayWait::no)) == "full");
  queues.store_held();
  CHECK(queues.said(put) == "well 2");
  CHECK(queues.said(get) == "1");
}

TEST_CASE("items that could not be stored are refused, and their room is the next one's") {
  QueueDriver queues;
  queues.create("q", 1);
  queues.hold_puts = true;
  const Token refused = queues.put({"1"}), next = queues.put({"2"});
  queues.refuse_held();
  CHECK(queues.said(refused) == "store full");
  queues.store_held();
  CHECK(queues.said(next) == "well 1");
  CHECK(queues.items() == "2");
  CHECK(queues.core.find("q")->made.unfinished == 1);
}

TEST_CASE("of a put in parts the next one is not begun before the last one is stored") {
  // The bug: the store refused the first part, had room again and stored the second: the caller was told that nothing was put, or, after
  // the broker's death, that all was.
  QueueDriver queues;
  queues.create("q", 2, true);
  queues.put({"x"});
  queues.hold_puts = true;
  const Token put = queues.put({"a", "b"}, MayWait::yes, {}, "k"), behind = queues.put({"c"});
  CHECK(queues.take() == "x");
  REQUIRE(queues.held.size() == 1);
  SECTION("it is stored") {
    queues.store_held();
    CHECK(queues.said(put) == "well 2");
    CHECK(queues.items() == "a b");
    CHECK(queues.take() == "a");
    queues.store_held();
    CHECK(queues.said(behind) == "well 1");
    CHECK(queues.items() == "b c");
  }
  SECTION("it is refused") {
    queues.refuse_held();
    CHECK(queues.said(put) == "store full");
    queues.store_held();
    CHECK(queues.said(behind) == "well 1");
    CHECK(queues.items() == "c");
  }
}

TEST_CASE("while a put in parts is being stored nobody behind it is told that there is no room") {
  QueueDriver queues;
  queues.create("q", 3, true);
  queues.put({"x", "y", "z"});
  queues.hold_puts = true;
  const Token put = queues.put({"a", "b"}, MayWait::yes, queues.in(1s));
  CHECK(queues.take() == "x");
  CHECK(queues.take() == "y");
  CHECK(queues.take() == "z");
  SECTION("who does not wait has its items behind") {
    const Token behind = queues.put({"c"}, MayWait::no), too_much = queues.put({"d", "e"}, MayWait::no);
    CHECK(queues.said(behind) == "-");
    queues.store_held();
    CHECK(queues.said(put) == "well 2");
    CHECK(queues.said(behind) == "well 1");
    CHECK(queues.said(too_much) == "full");
    CHECK(queues.items() == "a b c");
  }
  SECTION("nor itself, when its time is over meanwhile") {
    queues.turn_clock(2s);
    CHECK(queues.said(put) == "-");
    queues.store_held();
    CHECK(queues.said(put) == "well 2");
  }
}

TEST_CASE("who does not wait, and is first, does not hold up who needs less") {
  QueueDriver queues;
  queues.create("q", 2, true);
  queues.put({"x"});
  queues.hold_puts = true;
  const Token first = queues.put({"a", "b"}, MayWait::no);
  CHECK(queues.take() == "x");
  const Token second = queues.put({"c"}, MayWait::no);
  queues.store_held();
  CHECK(queues.said(first) == "full 1");
  CHECK(queues.said(second) == "well 1");
  CHECK(queues.items() == "a c");
}

TEST_CASE("a put whose time is over tells how many of its items are in, a get that it is empty") {
  QueueDriver queues;
  queues.create("q", 2);
  const Token put = queues.put({"1", "2", "3"}, MayWait::yes, queues.in(5s));
  CHECK(queues.core.next_deadline() == queues.in(5s));
  queues.turn_clock(4'999ms);
  CHECK(queues.said(put) == "-");
  queues.turn_clock(1ms);
  CHECK(queues.said(put) == "full 2");
  CHECK(queues.items() == "1 2");
  CHECK_FALSE(queues.core.next_deadline());
  queues.get(2);
  const Token get = queues.get(1, MayWait::yes, queues.in(1s));
  queues.turn_clock(1s);
  CHECK(queues.said(get) == "empty");
  queues.put({"4"});
  CHECK(queues.items() == "4");
}

TEST_CASE("who puts without waiting puts what fits, and hears how much that was") {
  QueueDriver queues;
  queues.create("q", 2);
  queues.hold_puts = true;
  const Token put = queues.put({"1", "2", "3"}, MayWait::no);
  CHECK(queues.said(put) == "-");
  queues.store_held();
  CHECK(queues.said(put) == "full 2");
  CHECK(queues.said(queues.put({"4"}, MayWait::no)) == "full");
}

TEST_CASE("a put whose time is over while its last items are being stored ends well") {
  QueueDriver queues;
  queues.create("q");
  queues.hold_puts = true;
  const Token put = queues.put({"1"}, MayWait::yes, queues.in(1s));
  queues.turn_clock(2s);
  CHECK(queues.said(put) == "-");
  queues.store_held();
  CHECK(queues.said(put) == "well 1");
}

TEST_CASE("waiters that left are passed over") {
  QueueDriver queues;
  queues.create("q", 1);
  const Token first = queues.get(), second = queues.get();
  queues.leave(first);
  queues.put({"1"});
  CHECK(queues.said(first) == "-");
  CHECK(queues.said(second) == "1");
  queues.put({"2"});
  const Token third = queues.put({"3"}), fourth = queues.put({"4"});
  queues.leave(third);
  CHECK(queues.take() == "2");
  CHECK(queues.said(fourth) == "well 1");
  CHECK(queues.items() == "4");
}
