// Judges what a worker's words, sleeper count and ring say together: the backstop against a mad worker and a lost wake-up.
// Broker process, for each worker with work in flight every 100 ms.
#pragma once

#include "common/shm/layout.hpp"
#include "common/shm/ring_reader.hpp"
#include "common/shm/slot_table.hpp"

namespace jobpool::shm {

struct Verdict {
  const char* wrong = nullptr;  // what no sane worker does: kill it
  int rescued = 0;              // sleepers that had missed an offer and were rung
};

// Requires: no offer, revoke or room is waiting for its bell. Frames that came since the last drain put judgement off.
Verdict audit_worker(Control& control, const SlotTable& slots, std::uint32_t threads, RingReader& reader);

// The words of those in flight.
struct Census {
  int offered = 0;
  int running = 0;  // claimed, and no FIN was drained
};

// More were announced as asleep than may be, after words and ring were looked at, with no frame in it: rings, and judges who really slept.
// Whoever has published something since was awake in between, and went to sleep for another reason: for want of room, or with his job done.
Verdict judge_sleepers(Control& control, const Census& census, std::uint32_t threads, RingReader& reader);

}  // namespace jobpool::shm
