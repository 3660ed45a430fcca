// Making and deleting queues, task_done and join.
#include "tests/unit/broker/queues/queue_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

TEST_CASE("a name is given once, unless an alike one will do") {
  QueueDriver queues;
  CHECK(queues.said(queues.create("q", 3)) == "well");
  CHECK(queues.said(queues.create("q", 3)) == "exists");
  CHECK(queues.said(queues.create("q", 3, false, true)) == "well");
  CHECK(queues.said(queues.create("q", 4, false, true)) == "exists");
  CHECK(queues.said(queues.create("q", 3, true, true)) == "exists");
  CHECK(queues.core.names().size() == 1);
}

TEST_CASE("every verb names a queue that is not there") {
  QueueDriver queues;
  for (const Token token : {queues.put({"1"}), queues.get(), queues.done(), queues.join(), queues.remove()})
    CHECK(queues.said(token) == "no such queue");
}

TEST_CASE("the end of a queue is told to all who wait at it, and it takes its items along") {
  QueueDriver queues;
  queues.create("q", 1);
  const Token join_none = queues.join();
  CHECK(queues.said(join_none) == "well");
  queues.put({"1"});
  const Token put = queues.put({"2"}), joiner = queues.join(queues.in(1s));
  CHECK(queues.said(queues.remove()) == "well 1");
  CHECK(queues.said(put) == "no such queue");
  CHECK(queues.said(joiner) == "no such queue");
  CHECK_FALSE(queues.core.next_deadline());
  CHECK(queues.kept.all().empty());
  queues.create("q");
  const Token get = queues.get();
  queues.remove();
  CHECK(queues.said(get) == "no such queue");
  queues.create("q");
  CHECK(queues.items().empty());
}

TEST_CASE("items under way when their queue ends are nobody's worry") {
  QueueDriver queues;
  queues.create("q");
  queues.put({"1", "2"});
  const Token get = queues.get(1), other = queues.get(1);
  queues.hold_puts = true;
  const Token put = queues.put({"3"});
  queues.remove();
  CHECK(queues.said(put) == "no such queue");
  queues.leave(get);
  queues.hand_over(other);
  for (const ItemsPut& held : queues.held) queues.tell(PutStored{held.number});
  CHECK(queues.core.names().empty());
}

TEST_CASE("join waits until as many are done as were put, wherever the items are") {
  QueueDriver queues;
  queues.create("q");
  queues.put({"1", "2"});
  const Token joiner = queues.join();
  CHECK(queues.core.waits_for(joiner) == QueueCore::WaitsFor::tasks);
  CHECK(queues.said(queues.done()) == "well 1");
  CHECK(queues.said(joiner) == "-");
  CHECK(queues.said(queues.done(2)) == "done too often 1");
  CHECK(queues.said(queues.done()) == "well");
  CHECK(queues.said(joiner) == "well");
  CHECK(queues.said(queues.done()) == "done too often");
  CHECK(queues.items() == "1 2");
}

TEST_CASE("a join whose time is over tells how many tasks are not done") {
  QueueDriver queues;
  queues.create("q");
  queues.put({"1", "2", "3"});
  const Token joiner = queues.join(queues.in(1s)), gone = queues.join();
  queues.leave(gone);
  queues.turn_clock(1s);
  CHECK(queues.said(joiner) == "timed out 3");
  queues.done(3);
  CHECK(queues.said(gone) == "-");
}
