// What the queue core wants done, in order.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "daemon/broker/core/event.hpp"
#include "daemon/broker/queues/records.hpp"

namespace jobpool::broker {

// To be kept: of a durable queue in the store, of others where it outlives the broker. ItemsPut is answered by PutStored or PutRefused.
struct SaveQueue {
  bool durable = false;
  QueueWrite write;
};

enum class QueueVerdict : std::uint8_t {
  well,
  no_such_queue,
  exists,
  full,
  empty,
  timed_out,
  done_too_often,
  too_many_queues,
  too_many_waiters,
  store_full,
  key_conflict,
};

// The one answer of a call. Of a durable queue it leaves when everything saved before it is durable.
struct AnswerQueueCall {
  Token token;
  bool durable = false;
  QueueVerdict verdict = QueueVerdict::well;
  std::vector<SharedText> items;  // of a Get
  std::uint64_t number = 0;       // full, store_full: items put; Done, timed_out, done_too_often: unfinished; Delete: items; else a limit
};

using QueueEffect = std::variant<SaveQueue, AnswerQueueCall>;
using QueueEffects = std::vector<QueueEffect>;

}  // namespace jobpool::broker
