// What can happen to queues. Each is a value, as the job core's events are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "common/clock.hpp"
#include "daemon/broker/core/event.hpp"
#include "daemon/broker/queues/records.hpp"

namespace jobpool::broker {

// Of a call that may have to wait; `deadline` absent: as long as it takes.
enum class MayWait : std::uint8_t { yes, no };

struct CreateQueue {
  Token token;
  SharedText name;
  std::uint64_t maxsize = 0;
  bool durable = false;
  bool exist_ok = false;
};

struct PutItems {
  Token token;
  SharedText name, key;
  std::vector<SharedText> items;  // at least one
  MayWait may_wait = MayWait::yes;
  std::optional<TimePoint> deadline;
};

struct GetItems {
  Token token;
  SharedText name, key;
  std::size_t count = 1;
  MayWait may_wait = MayWait::yes;
  std::optional<TimePoint> deadline;
};

struct TasksDone {
  Token token;
  SharedText name, key;
  std::uint64_t count = 1;
};

struct JoinQueue {
  Token token;
  SharedText name;
  std::optional<TimePoint> deadline;
};

struct DeleteQueue {
  Token token;
  SharedText name;
};

// All of the answer is with the caller's socket.
struct AnswerHandedOver {
  Token token;
};

// The caller is gone, and it was not.
struct CallerGone {
  Token token;
};

// What the keeper of records says to a SaveQueue that holds ItemsPut: the items are where they are to survive, or there was no room for
// them. No item is given to anybody before that.
struct PutStored {
  PutNumber number;
};
struct PutRefused {
  PutNumber number;
};

// From an earlier broker; before anything else is told.
struct InheritQueue {
  StoredQueue queue;
};

// A deadline passed.
struct QueueTick {};

// The broker ends: from here on nothing is given to anybody, so that what comes back stays.
struct GiveNoMore {};

using QueueEvent = std::variant<CreateQueue, PutItems, GetItems, TasksDone, JoinQueue, DeleteQueue, AnswerHandedOver, CallerGone, PutStored,
                                PutRefused, InheritQueue, QueueTick, GiveNoMore>;

}  // namespace jobpool::broker
