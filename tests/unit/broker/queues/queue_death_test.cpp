// Consumers, producers and brokers that die: no item is seen twice, none is lost but those that were handed to a dead consumer.
#include "tests/unit/broker/queues/queue_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

TEST_CASE("an item whose consumer is gone before it has it goes back to the front, in its old place") {
  QueueDriver queues;
  queues.create("q");
  queues.put({"1", "2", "3", "4"});
  const Token first = queues.get(2), second = queues.get(1);
  CHECK(queues.core.find("q")->taken == 3);
  queues.leave(second);
  CHECK(queues.items() == "3 4");
  queues.leave(first);
  CHECK(queues.items() == "1 2 3 4");
  CHECK(queues.core.find("q")->taken == 0);
}

TEST_CASE("an item that comes back goes to who waits first") {
  QueueDriver queues;
  queues.create("q");
  queues.put({"1"});
  const Token lost = queues.get();
  const Token next = queues.get();
  CHECK(queues.said(next) == "-");
  queues.leave(lost);
  CHECK(queues.said(next) == "1");
  queues.hand_over(next);
  CHECK(queues.items().empty());
  CHECK(queues.core.find("q")->taken == 0);
}

// At the end of a broker what came back from one caller was given to the next, whose connection was about to be closed as well: a durable
// item was lost by a stop.
TEST_CASE("when the broker ends, what comes back stays in the queue") {
  QueueDriver queues;
  queues.create("q", 0, true);
  queues.put({"1"});
  const Token has = queues.get(), waits = queues.get();
  queues.give_no_more();
  queues.leave(has);
  queues.leave(waits);
  CHECK(queues.said(waits) == "-");
  queues.next_broker();
  CHECK(queues.items() == "1");
}

// A put and a done were taken for each other: a put with the key of a done that was not answered yet put nothing, and said it had.
TEST_CASE("a key belongs to one method, as far as the broker that carried it out knows") {
  QueueDriver queues;
  queues.create("q");
  queues.put({"1", "2"});
  const Token done = queues.done(1, "k");
  queues.leave(done);
  CHECK(queues.said(queues.put({"3"}, MayWait::yes, {}, "k")) == "key conflict");
  CHECK(queues.said(queues.get(1, MayWait::yes, {}, "k")) == "key conflict");
  CHECK(queues.said(queues.done(1, "k")) == "well 1");
  CHECK(queues.items() == "1 2");
}

TEST_CASE("without a key an item is gone when its broker dies with it on the way") {
  QueueDriver queues;
  queues.create("q");
  queues.put({"1", "2"});
  queues.get();
  queues.next_broker();
  CHECK(queues.items() == "2");
}

TEST_CASE("a consumer that comes back to the next broker with its key gets the same items, once") {
  QueueDriver queues;
  queues.create("q");
  queues.put({"1", "2", "3"});
  CHECK(queues.said(queues.get(2, MayWait::yes, {}, "k")) == "1 2");
  queues.next_broker();
  CHECK(queues.items() == "3");
  CHECK(queues.core.find("q")->taken == 2);
  const Token again = queues.get(2, MayWait::yes, {}, "k");
  CHECK(queues.said(again) == "1 2");
  CHECK(queues.said(queues.get(2, MayWait::yes, {}, "k")) == "key conflict");
  queues.hand_over(again);
  CHECK(queues.core.find("q")->taken == 0);
  queues.next_broker();
  CHECK(queues.said(queues.get(2, MayWait::no, {}, "k")) == "3");
}

TEST_CASE("a consumer that comes back and goes away again leaves its items in front") {
  QueueDriver queues;
  queues.create("q");
  queues.put({"1", "2"});
  queues.get(1, MayWait::yes, {}, "k");
  queues.next_broker();
  queues.leave(queues.get(1, MayWait::yes, {}, "k"));
  CHECK(queues.items() == "1 2");
  queues.next_broker();
  CHECK(queues.items() == "1 2");
}

TEST_CASE("items of a consumer that never comes back are gone, since it may have had them") {
  QueueDriver queues;
  queues.create("q");
  queues.put({"1", "2"});
  queues.get(1, MayWait::yes, {}, "k");
  queues.next_broker();
  CHECK(queues.core.next_deadline() == queues.in(10s));
  queues.turn_clock(10s);
  CHECK(queues.items() == "2");
  CHECK(queues.core.find("q")->taken == 0);
  CHECK(queues.kept.all().front().taken.empty());
  CHECK_FALSE(queues.core.next_deadline());
}

TEST_CASE("a producer that comes back to the next broker with its key puts nothing twice") {
  QueueDriver queues;
  queues.create("q", 2);
  SECTION("all was put") {
    CHECK(queues.said(queues.put({"1", "2"}, MayWait::yes, {}, "k")) == "well 2");
    queues.next_broker();
    const Token again = queues.put({"1", "2"}, MayWait::yes, {}, "k");
    CHECK(queues.said(again) == "well 2");
    CHECK(queues.items() == "1 2");
    queues.hand_over(again);
    CHECK(queues.kept.all().front().calls.empty());
  }
  SECTION("a part was put, and some of that is consumed") {
    queues.put({"1", "2", "3"}, MayWait::yes, {}, "k");
    queues.next_broker();
    CHECK(queues.take() == "1");
    CHECK(queues.said(queues.put({"1", "2", "3"}, MayWait::yes, {}, "k")) == "well 3");
    CHECK(queues.items() == "2 3");
  }
  SECTION("nothing was put") {
    queues.hold_puts = true;
    queues.put({"1"}, MayWait::yes, {}, "k");
    queues.hold_puts = false;
    queues.next_broker();
    CHECK(queues.said(queues.put({"1"}, MayWait::yes, {}, "k")) == "well 1");
    CHECK(queues.items() == "1");
  }
}

TEST_CASE("a producer that lost its connection in the middle of storing, and is back before it is stored, puts nothing twice") {
  QueueDriver queues;
  queues.create("q");
  queues.hold_puts = true;
  queues.leave(queues.put({"1", "2"}, MayWait::yes, {}, "k"));
  const Token again = queues.put({"1", "2"}, MayWait::yes, {}, "k");
  CHECK(queues.held.size() == 1);
  CHECK(queues.said(again) == "-");
  queues.store_held();
  CHECK(queues.said(again) == "well 2");
  CHECK(queues.items() == "1 2");
}

TEST_CASE("the key of a producer that is gone is kept for a while, and then free") {
  QueueDriver queues;
  queues.create("q");
  queues.leave(queues.put({"1"}, MayWait::yes, {}, "k"));
  queues.turn_clock(9s);
  CHECK(queues.said(queues.get(1, MayWait::no, {}, "k")) == "key conflict");
  queues.turn_clock(1s);
  CHECK(queues.kept.all().front().calls.empty());
  CHECK(queues.said(queues.get(1, MayWait::no, {}, "k")) == "1");
}

TEST_CASE("a producer that is back with fewer items than it had is answered") {
  // The bug: more were stored than it has, which was not all of them, and its call waited for ever.
  QueueDriver queues;
  queues.create("q");
  queues.hold_puts = true;
  queues.leave(queues.put({"1", "2"}, MayWait::yes, {}, "k"));
  const Token again = queues.put({"1"}, MayWait::yes, {}, "k");
  queues.store_held();
  CHECK(queues.said(again).starts_with("well"));
}

TEST_CASE("a key is kept for as long as its items are being stored") {
  // The bug: a store that was stuck for longer had the key forgotten, and a later call with it was told of items that were not its own.
  QueueDriver queues;
  queues.create("q");
  queues.hold_puts = true;
  queues.leave(queues.put({"1"}, MayWait::yes, {}, "k"));
  queues.turn_clock(11s);
  CHECK_FALSE(queues.core.find("q")->unconfirmed.empty());
  queues.store_held();
  queues.turn_clock(11s);
  CHECK(queues.core.find("q")->unconfirmed.empty());
}

TEST_CASE("of a put that put nothing nothing is kept") {
  // The bug: each that found the queue full was kept for ten seconds after its answer, without a bound, and woke the broker at their end.
  QueueDriver queues;
  queues.create("q", 1);
  queues.put({"1"});
  const Token refused = queues.put({"2"}, MayWait::no, {}, "k"), waiting = queues.put({"3"}, MayWait::yes, {}, "l");
  CHECK(queues.said(refused) == "full");
  queues.leave(refused);
  queues.leave(waiting);
  CHECK(queues.core.find("q")->unconfirmed.empty());
  CHECK_FALSE(queues.core.next_deadline());
  CHECK(queues.take() == "1");
  CHECK(queues.said(queues.put({"2"}, MayWait::no, {}, "k")) == "well 1");
}

TEST_CASE("done is counted once, however often it is said with its key") {
  QueueDriver queues;
  queues.create("q");
  queues.put({"1", "2", "3"});
  CHECK(queues.said(queues.done(2, "k")) == "well 1");
  queues.next_broker();
  const Token again = queues.done(2, "k");
  CHECK(queues.said(again) == "well 1");
  queues.hand_over(again);
  CHECK(queues.said(queues.done(2, "k")) == "done too often 1");
  CHECK(queues.said(queues.done(1, "k")) == "well");
}

TEST_CASE("a key that somebody waits with is not another's") {
  QueueDriver queues;
  queues.create("q", 1);
  const Token waiting = queues.get(1, MayWait::yes, {}, "k");
  CHECK(queues.said(queues.get(1, MayWait::yes, {}, "k")) == "key conflict");
  CHECK(queues.said(queues.put({"1"}, MayWait::yes, {}, "k")) == "key conflict");
  queues.leave(waiting);
  CHECK(queues.said(queues.get(1, MayWait::no, {}, "k")) == "empty");
  CHECK(queues.said(queues.get(1, MayWait::no, {}, "k")) == "empty");
}

TEST_CASE("a queue that took the name of one whose end was not yet durable is the one that is there") {
  QueueDriver queues;
  StoredQueue old, young;
  old.made = QueueMade{QueueId{1}, "q", 0, true, 1, 0};
  old.items = {{ItemNumber{1}, "\"old\""}};
  young.made = QueueMade{QueueId{2}, "q", 0, false, 2, 0};
  for (const StoredQueue& one : {old, young})
    for (const QueueWrite& record : records_of(one)) {
      if (one.made.id == QueueId{2} && std::holds_alternative<QueueMade>(record)) continue;  // kept elsewhere
      REQUIRE(queues.kept.apply(record));
    }
  queues.tell(InheritQueue{old});
  queues.tell(InheritQueue{young});
  CHECK(queues.items().empty());
  CHECK_FALSE(queues.core.find("q")->made.durable);
  CHECK(queues.kept.all().empty());
}
