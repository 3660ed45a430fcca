// The worker's end of its segment: claim, run (elsewhere), report. Worker process. Where it has several threads, each calls all of this
// under its own number, and they claim and report side by side.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "common/function_ref.hpp"
#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/shm/layout.hpp"
#include "common/shm/segment.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::shm {

struct WorkerMapping;

struct Claim {
  Sequence sequence;
  JobId job;
  JobKind kind;
  std::uint32_t flags;
  std::uint32_t attempt;
  std::uint32_t slot;
  std::string_view payload;  // in the read-only mapping; valid until the broker released the slot, which it does after the FIN
};

class ClaimSide {
 public:
  // Maps the worker's set of descriptors. Errors: io; unsupported: another layout version, or more threads than there may be.
  static Result<ClaimSide> map(const SegmentFds& fds);
  static Result<ClaimSide> over(WorkerMapping mapping, UniqueFd eventfd);  // the same, of memory that is mapped already

  ClaimSide(ClaimSide&&) noexcept;
  ClaimSide& operator=(ClaimSide&&) noexcept;
  ~ClaimSide();

  // How many threads are to claim, as whoever made the segment says; they are numbered from 0.
  std::uint32_t threads() const;

  // Takes the smallest offered sequence; nullopt: nothing is offered. Before it returns a claim the job never started, afterwards it may
  // have.
  std::optional<Claim> try_claim(std::uint32_t thread = 0);

  // Sleeps until the bell rings; returns at once when something is offered, or a word changed since try_claim() last found
  // nothing (a revoke that came in between). Returns early on a signal: look again.
  // Untimed: the broker's audit is the backstop, so that an idle daemon makes no wake-ups.
  void wait(std::uint32_t thread = 0);
  // The same, and returns at once when `has_news()`. It is asked after the sleep was announced: whoever makes the news first and then
  // rings (OfferSide::ring) is never slept through. For what comes by the orders socket.
  void wait(function_ref<bool()> has_news, std::uint32_t thread = 0);
  // Wakes the worker's own threads that wait. Requires: what they are to see was published by a seq_cst read-modify-write.
  void wake_threads();

  // True while the word of that sequence is OFFERED or CLAIMED: descriptors tagged with any other sequence are stale.
  bool is_live(Sequence sequence) const;
  // True when that sequence was offered once and is neither OFFERED nor CLAIMED any more. Unlike !is_live(), false for one that is still
  // to come: descriptors are sent before their offer.
  bool is_stale(Sequence sequence) const;

  void report_start(const Claim& claim, const StartBody& body);  // no doorbell
  // As many DATA frames as it takes; waits for room. Requires: size ≤ kMaxResultBytes.
  void report_data(const Claim& claim, std::string_view whole_result);
  void report_fin(const Claim& claim, std::span<const std::byte> report);  // doorbell; Requires: 0 < size ≤ kMaxFrameBody

  // Says, ahead of a FIN, that this worker leaves when what it has claimed is done: the broker offers it nothing more.
  void announce_leaving();

  // Where to say which item of that chunk runs. Valid as long as this.
  std::atomic<std::uint32_t>& item(const Claim& claim);

 private:
  struct Impl;
  explicit ClaimSide(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jobpool::shm
