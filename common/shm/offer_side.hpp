// The broker's end of one worker's segment: offer, revoke, drain, audit.
// Broker process, its one thread. Knows slots, words and frames; nothing of jobs' meaning, clients or the store.
//
// Life of a slot:  offer() → [revoke() → true →] release()      never started
//                  offer() → drain() hands START, DATA*, FIN → caller records the outcome → acknowledge() → release()
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/function_ref.hpp"
#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/shm/layout.hpp"
#include "common/shm/segment.hpp"

namespace jobpool::shm {

struct BrokerMapping;

struct Offer {
  JobId job;
  JobKind kind;
  std::uint32_t flags = 0;
  std::uint32_t attempt = 1;
  std::string_view payload;
};

// A frame copied out of the ring and checked against private state: sequence in flight, job id of that offer, length and type right,
// DATA within its announced total, nothing after FIN. `body` is valid during the call only.
struct Frame {
  FrameType type;
  Sequence sequence;
  JobId job;
  std::span<const std::byte> body;
};

// A slot found in flight by a new broker.
struct InFlight {
  Sequence sequence;
  JobId job;
  JobKind kind;
  std::uint32_t flags;
  std::uint32_t attempt;
  SlotState state;           // offered, claimed or revoked
  std::string_view payload;  // in the mapping; valid until release()
};

class OfferSide {
 public:
  enum class Origin { fresh, inherited };  // inherited: another broker used it before

  // Maps the segment. fresh writes the layout version; inherited requires it to match and rebuilds slots, sequences and the
  // payload allocator from desc, rpos and the words. Errors: io, protocol (words that contradict desc: kill the worker).
  // After `inherited`, in this order: drain() (outcomes that were recorded already come again: recognise them), acknowledge(), release()
  // what is in flight and has a recorded outcome (its FIN was acknowledged before the old broker died), only then audit().
  static Result<OfferSide> map(const SegmentFds& fds, Origin origin);
  static Result<OfferSide> over(BrokerMapping mapping, Origin origin);  // the same, of memory that is mapped already

  OfferSide(OfferSide&&) noexcept;
  OfferSide& operator=(OfferSide&&) noexcept;
  ~OfferSide();

  // Writes the payload, the descriptor and OFFERED. Does not ring: many offers, one bell.
  // nullopt: no free slot, or no room for the payload. Requires: job is not 0, attempt is not 0.
  std::optional<Sequence> offer(const Offer& offer);

  // The sequence that the next successful offer() will have: descriptors that go ahead of an offer are tagged with it.
  Sequence next_sequence() const;

  // Whether anything that the worker wrote was acknowledged, by whichever broker.
  bool has_reported() const;

  // How many jobs the worker runs side by side, as whoever made the segment says.
  std::uint32_t threads() const;

  // Wakes the worker if it sleeps, of several threads as many as there were offers since. Call once after a batch of offers or revokes.
  void ring();
  // Wakes all threads that wait for work: an order is for each of them.
  void ring_all();

  // true: it never started and never will; the slot stays REVOKED until release(). false: the worker has claimed it.
  // Requires: `sequence` is in flight.
  bool revoke(Sequence sequence);

  // Writes EMPTY and frees the payload. Requires: in flight; its outcome is recorded and acknowledged (aborts otherwise: a broker killed
  // now would leave a FIN in the ring that its successor could not place), or it was revoked.
  void release(Sequence sequence);

  // Memory of large payloads that were released is kept for the next ones. To be called every 100 ms while there is any: it goes back to
  // the system when no large payload was offered for a second.
  bool keeps_unused() const;
  void give_back_unused();

  // Hands every committed frame to `sink`, once each. rpos is not moved: acknowledge() does that. `sink` may call anything of this
  // object but drain().
  // Errors: protocol, with what was wrong (the worker lies or is mad: kill it).
  Result<void> drain(function_ref<void(const Frame&)> sink);

  // All drained frames are recorded: rpos moves behind them (and a worker that waits for room is woken). DATA too: once acknowledged
  // its bytes exist nowhere else, so they must be where a broker's death does not reach them.
  void acknowledge();

  // Sleeping protocol of the broker: announce, then look once more. prepare_to_sleep() false: frames came meanwhile, do not sleep.
  bool prepare_to_sleep();
  void wake_up();

  // Looks at words, sleepers and ring for what no sane worker does; call after drain() and with nothing left to ring. Rings an offered word
  // that has a sleeper. Errors: protocol: kill the worker. The value: how many sleepers had to be rung (a rescue; above zero is a bug).
  Result<int> audit();

  std::vector<InFlight> in_flight() const;
  std::size_t in_flight_count() const;
  std::size_t free_slots() const;
  // Which item of that chunk the worker says it runs, from 1; 0: none. For people: not to be trusted. Requires: in flight.
  std::uint64_t item(Sequence sequence) const;
  // The worker says that it leaves of its own accord: what is offered to it may stay there until it has gone.
  bool is_leaving() const;
  // What the word says now. Requires: in flight. (After the worker's death: revoke() instead, which decides.)
  SlotState state(Sequence sequence) const;

 private:
  struct Impl;
  explicit OfferSide(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jobpool::shm
