// What queues may hold, and how many may wait.
#include "tests/unit/broker/queues/queue_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;

TEST_CASE("there are so many queues and no more") {
  QueueLimits limits;
  limits.queues = 2;
  QueueDriver queues(limits);
  queues.create("a");
  queues.create("b");
  CHECK(queues.said(queues.create("c")) == "too many queues 2");
  CHECK(queues.said(queues.create("b", 0, false, true)) == "well");
  queues.remove("a");
  CHECK(queues.said(queues.create("c")) == "well");
}

TEST_CASE("so many wait at one queue and no more, of each kind") {
  QueueLimits limits;
  limits.waiters = 1;
  QueueDriver queues(limits);
  queues.create("q", 1);
  queues.get();
  CHECK(queues.said(queues.get()) == "too many waiters 1");
  queues.put({"1", "2", "3"});
  CHECK(queues.said(queues.put({"3"}, MayWait::yes, {}, "k")) == "too many waiters 1");
  queues.join();
  CHECK(queues.said(queues.join()) == "too many waiters 1");
  queues.take();
  CHECK(queues.said(queues.put({"4"}, MayWait::yes, {}, "k")) == "-");
}

// A consumer that came back for the items that it had been given was refused when others waited, and the items were lost.
TEST_CASE("who comes back with a key gets its answer however many wait") {
  QueueLimits limits;
  limits.waiters = 1;
  QueueDriver queues(limits);
  queues.create("q", 1);
  queues.put({"1"});
  queues.get(1, MayWait::yes, {}, "k");
  queues.next_broker();
  queues.get();
  CHECK(queues.said(queues.get(1, MayWait::yes, {}, "new")) == "too many waiters 1");
  CHECK(queues.said(queues.get(1, MayWait::yes, {}, "k")) == "1");
  CHECK(queues.core.find("q")->unconfirmed.size() == 1);
}

// Ten thousand puts of 16 MiB may wait at each queue, and were in no bound.
TEST_CASE("items of puts that wait have so many bytes together, of all queues") {
  QueueLimits limits;
  limits.bytes_waiting = 3 * (kItemOverheadBytes + 10);
  QueueDriver queues(limits);
  queues.create("a", 1);
  queues.create("b", 1);
  const std::string ten(10, '1');
  const Token first = queues.put({ten, ten, ten}, MayWait::yes, queues.in(std::chrono::seconds(1)), "", "a");
  const Token second = queues.put({ten, ten}, MayWait::yes, {}, "", "b");
  CHECK(queues.said(queues.put({ten}, MayWait::yes, {}, "", "b")) == "full");
  SECTION("one is served") { queues.get(1, MayWait::no, {}, "", "b"); }
  SECTION("one gives up") { queues.leave(second); }
  SECTION("a queue ends") { queues.remove("a"); }
  SECTION("a time is up") {
    queues.turn_clock(std::chrono::seconds(1));
    CHECK(queues.said(first) == "full 1");
  }
  queues.create("a", 1);
  queues.create("c", 1);
  queues.put({ten}, MayWait::yes, {}, "", "c");
  CHECK(queues.said(queues.put({ten}, MayWait::yes, {}, "", "c")) == "-");
}

TEST_CASE("a queue is full when its bytes are, whatever its maxsize") {
  QueueLimits limits;
  limits.bytes_of_one = 3 * (kItemOverheadBytes + 10);
  QueueDriver queues(limits);
  queues.create("q");
  const std::string ten(10, '1');
  const Token put = queues.put({ten, ten, ten});
  CHECK(queues.core.find("q")->items.size() == 2);
  CHECK(queues.said(put) == "-");
  queues.take();
  CHECK(queues.said(put) == "well 3");
}

TEST_CASE("who waits for the room that all share is served when any queue gives some up") {
  QueueLimits limits;
  limits.bytes = 3 * (kItemOverheadBytes + 10);
  QueueDriver queues(limits);
  queues.create("a");
  queues.create("b");
  const std::string ten(10, '1');
  queues.put({ten, ten}, MayWait::yes, {}, "", "a");
  const Token waiting = queues.put({ten}, MayWait::yes, {}, "", "b");
  CHECK(queues.said(waiting) == "-");
  const Token taker = queues.get(1, MayWait::yes, {}, "", "a");
  // The bug: it was counted no more, and consumers who read nothing could be given all the memory there is.
  CHECK(queues.said(waiting) == "-");
  SECTION("the item that was taken is with its consumer") { queues.hand_over(taker); }
  SECTION("the other queue ends, and the consumer is gone") {
    queues.remove("a");
    CHECK(queues.said(waiting) == "well 1");
    queues.leave(taker);
    CHECK(queues.core.bytes_in_memory() == 10 + kItemOverheadBytes);
  }
  SECTION("it is given back, and the next one has it") {
    queues.leave(taker);
    CHECK(queues.said(waiting) == "-");
    queues.hand_over(queues.get(1, MayWait::yes, {}, "", "a"));
  }
  SECTION("its consumer does not come back to the next broker") {
    queues.leave(taker);
    const Token lost = queues.get(1, MayWait::yes, {}, "k", "a");
    CHECK(queues.said(lost) == std::string(10, '1'));
    queues.next_broker();
    const Token again = queues.put({ten}, MayWait::yes, {}, "", "b");
    CHECK(queues.said(again) == "-");
    queues.turn_clock(std::chrono::seconds(10));
    CHECK(queues.said(again) == "well 1");
    return;
  }
  CHECK(queues.said(waiting) == "well 1");
}

TEST_CASE("several items in one answer are bounded by their bytes, one is not") {
  QueueLimits limits;
  limits.bytes_of_get = 4;
  QueueDriver queues(limits);
  queues.create("q");
  queues.put({"123456789", "1", "22", "33"});
  CHECK(queues.said(queues.get(9)) == "123456789");
  CHECK(queues.said(queues.get(9)) == "1 22");
  CHECK(queues.said(queues.get(9)) == "33");
}

TEST_CASE("bytes are counted to the last one, whatever becomes of items") {
  QueueDriver queues;
  queues.create("q");
  queues.put({"1", "22", "333"}, MayWait::yes, {}, "k");
  const Token back = queues.get(2);
  queues.leave(back);
  queues.hold_puts = true;
  queues.put({"4444"});
  queues.refuse_held();
  CHECK(queues.core.bytes_in_memory() == 6 + 3 * kItemOverheadBytes);
  queues.next_broker();
  CHECK(queues.core.bytes_in_memory() == 6 + 3 * kItemOverheadBytes);
  const Token all = queues.get(3);
  CHECK(queues.core.bytes_in_memory() == 6 + 3 * kItemOverheadBytes);  // nobody has them for sure
  queues.hand_over(all);
  CHECK(queues.core.bytes_in_memory() == 0);
}
