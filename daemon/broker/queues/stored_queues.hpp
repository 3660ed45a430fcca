// What records of queues add up to. Pure: the memory store keeps one, and the queue log is read into one.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "daemon/broker/queues/records.hpp"

namespace jobpool::broker {

class StoredQueues {
 public:
  // False: it cannot follow what was said before, so that the records are damaged.
  bool apply(const QueueWrite& write);

  // Ascending by id.
  std::vector<StoredQueue> all() const;

 private:
  struct Kept {
    QueueMade made;
    std::map<ItemNumber, SharedText> items;
    std::map<SharedText, std::map<ItemNumber, SharedText>> taken;  // by key
    std::map<SharedText, std::uint64_t> calls;
  };

  Kept* find(QueueId queue);
  bool apply_one(const QueueMade& made);
  bool apply_one(const QueueDeleted& deleted);
  bool apply_one(const ItemsPut& put);
  bool apply_one(const ItemsTaken& taken);
  bool apply_one(const ItemsGone& gone);
  bool apply_one(const ItemsReturned& returned);
  bool apply_one(const ItemsDone& done);
  bool apply_one(const CallKept& call);
  bool apply_one(const CallForgotten& call);

  std::map<QueueId, Kept> queues_;
};

// The records that make this queue from nothing.
std::vector<QueueWrite> records_of(const StoredQueue& queue);

}  // namespace jobpool::broker
