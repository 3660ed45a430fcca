// One queue as the queue core knows it: its items, who waits at it, and the calls whose callers may come back. Written by QueueCore alone.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "common/clock.hpp"
#include "daemon/broker/core/event.hpp"
#include "daemon/broker/queues/records.hpp"

namespace jobpool::broker {

// A call that has a key and was carried out, in part or wholly, and whose caller is not known to have the answer.
struct UnconfirmedCall {
  // What is kept of a put and of a done looks the same, a count: a next broker cannot know which it was.
  enum class Kind : std::uint8_t { put, get, done, put_or_done } kind = Kind::put;
  std::uint64_t count = 0;       // items put, or done
  std::vector<QueueItem> taken;  // of a get whose caller is not there (else they are with the call)
  Token caller;                  // 0: gone, and may come back until
  TimePoint forget_at = TimePoint::max();
};

struct QueueState {
  QueueMade made;  // `unfinished` is today's
  std::deque<QueueItem> items;
  std::uint64_t bytes = 0;             // of items, each with kItemOverheadBytes
  std::uint64_t reserved_items = 0;    // put, and not stored yet: they have their room
  std::uint64_t reserved_bytes = 0;    // likewise
  std::uint64_t taken = 0;             // on their way to consumers
  std::deque<Token> putters, getters;  // who waits, in order
  std::vector<Token> joiners;
  std::map<SharedText, UnconfirmedCall> unconfirmed;  // by key
  ItemNumber next_number{1};
};

}  // namespace jobpool::broker
