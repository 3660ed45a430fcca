// What is kept of queues beyond the broker's life, as plain values: each change is one of them, in the order in which they happened. The
// queue core makes them; the store (durable queues) and the queue log (others) keep them; StoredQueues is what they add up to.
//
// An item's life in records:  ItemsPut → ItemsTaken → ItemsGone
//                                  ↑ ItemsReturned ↓          without a key it is gone with ItemsTaken
#pragma once

#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "common/ids.hpp"
#include "common/shared_text.hpp"

namespace jobpool::broker {

using QueueId = Id<struct QueueTag>;        // ascending; a new one is above all that are kept
using ItemNumber = Id<struct ItemTag>;      // ascending within a queue: their order is the queue's
using PutNumber = Id<struct PutNumberTag>;  // one ItemsPut, within one broker's life

struct QueueItem {
  ItemNumber number;
  SharedText text;  // JSON, unparsed
};

// Made. Written once, never changed.
struct QueueMade {
  QueueId id;
  SharedText name;            // unique among the queues there are
  std::uint64_t maxsize = 0;  // 0: unbounded
  bool durable = false;
  std::int64_t made_usec = 0;
  std::uint64_t unfinished = 0;  // 0 but where a log is written anew
};

struct QueueDeleted {
  QueueId queue;
};

// The only one that a store may refuse for want of room.
struct ItemsPut {
  QueueId queue;
  PutNumber number;
  ItemNumber first;  // the others follow by one
  std::vector<SharedText> items;
  SharedText key;               // of the call; empty: none
  std::uint64_t put_by_it = 0;  // items that were put under this key, these included
};

// On their way to a consumer, who may come back for them with this key. Without one: gone.
struct ItemsTaken {
  QueueId queue;
  SharedText key;
  std::vector<ItemNumber> items;
};

// The consumer has them.
struct ItemsGone {
  QueueId queue;
  std::vector<ItemNumber> items;
};

// The consumer was gone first: they are in the queue again, by their numbers.
struct ItemsReturned {
  QueueId queue;
  std::vector<QueueItem> items;
};

struct ItemsDone {
  QueueId queue;
  std::uint64_t count = 0;
  SharedText key;  // empty: none
};

// How far the call of that key (a Put's items, a Done's count) was carried out: said with ItemsPut and ItemsDone; by itself only where a
// log is written anew.
struct CallKept {
  QueueId queue;
  SharedText key;
  std::uint64_t count = 0;
};

// The caller has its answer, or never came back.
struct CallForgotten {
  QueueId queue;
  SharedText key;
};

using QueueWrite =
    std::variant<QueueMade, QueueDeleted, ItemsPut, ItemsTaken, ItemsGone, ItemsReturned, ItemsDone, CallKept, CallForgotten>;

// A queue as a new broker finds it.
struct StoredQueue {
  QueueMade made;                // `unfinished` is today's
  std::vector<QueueItem> items;  // ascending
  struct Taken {
    SharedText key;
    std::vector<QueueItem> items;  // ascending
  };
  std::vector<Taken> taken;     // ascending by key
  std::vector<CallKept> calls;  // likewise
};

}  // namespace jobpool::broker
