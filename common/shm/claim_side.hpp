// The worker's end of its segment: claim, run (elsewhere), report. Worker process, its one thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/shm/layout.hpp"
#include "common/shm/segment.hpp"

namespace jobpool::shm {

struct Claim {
  Sequence sequence;
  JobId job;
  JobKind kind;
  std::uint32_t flags;
  std::uint32_t attempt;
  std::string_view payload;  // in the read-only mapping; valid until the broker released the slot, which it does after the FIN
};

class ClaimSide {
 public:
  // Maps the worker's set of descriptors. Errors: io; unsupported: another layout version.
  static Result<ClaimSide> map(const SegmentFds& fds);

  ClaimSide(ClaimSide&&) noexcept;
  ClaimSide& operator=(ClaimSide&&) noexcept;
  ~ClaimSide();

  // Takes the smallest offered sequence; nullopt: nothing is offered. Before it returns a claim the job never started, afterwards it may have.
  std::optional<Claim> try_claim();

  // Sleeps until the bell rings or something is offered; returns at once when there is something already.
  // Untimed: the broker's audit is the backstop, so that an idle daemon makes no wake-ups.
  void wait();

  // True while the word of that sequence is OFFERED or CLAIMED: descriptors tagged with any other sequence are stale.
  bool is_live(Sequence sequence) const;

  void report_start(const Claim& claim, const StartBody& body);                 // no doorbell
  void report_data(const Claim& claim, std::string_view whole_result);         // as many DATA frames as it takes; waits for room
  void report_fin(const Claim& claim, std::span<const std::byte> report);      // doorbell; Requires: size ≤ kMaxFrameBody

 private:
  struct Impl;
  explicit ClaimSide(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jobpool::shm
