// What gives way in the ledger before it is full, and when it is: nothing that was accepted may be kept from running by results that nobody
// collects. See engine.hpp.
#include <algorithm>
#include <chrono>

#include "common/log.hpp"
#include "daemon/broker/engine.hpp"

namespace jobpool::broker {
namespace {

// Whole jobs give way to the entries and outcomes of others, not to their results.
constexpr std::uint64_t kWorthForgetting = 4'096;

// A search looks at all that is kept, some ten milliseconds for half a million jobs: one that found nothing is not repeated at once.
constexpr std::chrono::seconds kFruitless{1};

constexpr std::uint64_t kLargeResult = 64 * 1024;  // a thousand smaller ones, which is all that are kept, are no matter
// Of the heap (4 MiB), for large ones that are kept. The fewer, the sooner their room is the next one's, whose pages have been touched
// already: else each of a hundred calls with half a megabyte has new ones made, which took half of its time where a fault costs 15 us.
constexpr std::uint64_t kLargeKeptPart = 512;

}  // namespace

void Engine::delivered(JobId job) {
  tell(Delivered{job});
  const std::uint64_t bytes = ledger_.bytes_of(job);
  if (bytes < kLargeResult) return;
  if (const Job* known = core_.find(job); known == nullptr || JobCore::is_kept_long(*known)) return;  // gives way when the ledger is full
  large_delivered_.emplace_back(job, bytes);
  large_delivered_bytes_ += bytes;
  while (large_delivered_bytes_ > ledger_.capacity().heap_bytes / kLargeKeptPart && large_delivered_.size() > 1) {
    const auto [oldest, freed] = large_delivered_.front();
    large_delivered_.pop_front();
    large_delivered_bytes_ -= freed;
    tell(Remove{oldest});  // ignored where it was forgotten before
  }
}

// The oldest first, and no more than are needed for as many bytes and some to spare: none where not even all of them would do. Where what
// is free is in too small pieces, more go until one is large enough.
std::size_t Engine::let_results_go(const std::vector<JobId>& kept, std::uint64_t bytes) {
  std::uint64_t all = 0;
  for (auto id = kept.begin(); id != kept.end() && ledger_.is_short_of_heap(bytes, all); ++id) all += ledger_.bytes_to_let_go(*id);
  if (ledger_.is_short_of_heap(bytes, all)) return 0;
  std::size_t let_go = 0;
  for (auto id = kept.begin(); id != kept.end() && (ledger_.is_short_of_heap(bytes) || !ledger_.has_block(bytes)); ++id) {
    if (!ledger_.let_go_result(*id)) continue;
    tell(ResultLetGo{*id});
    ++let_go;
  }
  return let_go;
}

// For so many bytes, or an entry. Ephemeral results go; their jobs stay and say so. Where there are too many jobs, or these are all that is
// left, the oldest are forgotten, as retention does with more than it may keep: so many at a time that it need not be done again soon.
// False: there is nothing of the kind. (Then the ledger is full of what runs, of durable ends that wait for a full disk, or of answers that
// their callers do not read.)
//
// Requires: the core handles no event. That is so in both places that come here: where an effect is carried out (dispatch()), the core has
// returned, and where rings are drained (on_report(), on_result_piece()) none has begun, since no effect drains any: drain() and
// drain_all() are called by verbs, at a turn's end and by the audit, and judge() before its event. So tell() is at most one level deep.
// While effects are carried out it appends its own to them: jobs are forgotten at the end of that, and true does not mean that there is
// room already. In a drain it carries them out at once: what Remove and ResultLetGo lead to touches no worker, and so not the ring that is
// being read.
bool Engine::make_room(std::uint64_t bytes) {
  if (latest_.steady < next_search_for_room_ && bytes >= fruitless_bytes_) return false;
  std::vector<JobId> kept = ledger_.may_give_way();
  std::erase_if(kept, [this](JobId id) {
    const Job* job = core_.find(id);
    // While a new broker reads its predecessor's rings, its core knows none that has ended yet. What apply_async left may go: nobody waits
    // for an answer that has it.
    if (job == nullptr) return !core_.is_recovering() || !ledger_.is_async(id);
    return !JobCore::may_give_way(*job);
  });
  const std::size_t let_go = let_results_go(kept, bytes);
  std::size_t forgotten = 0;
  const bool too_many = ledger_.is_short_of_entries() || (let_go == 0 && ledger_.is_short_of_heap(std::min(bytes, kWorthForgetting)));
  if (too_many && !core_.is_recovering()) {
    forgotten = std::min<std::size_t>(kept.size(), ledger_.capacity().entries / 16);
    for (std::size_t i = 0; i < forgotten; ++i) tell(Remove{kept[i]});
  }
  if (let_go + forgotten > 0) {
    log::warn("the ledger is full: {} results that nobody waited for any more were let go, {} jobs forgotten", let_go, forgotten);
    return room_was_made_ = true;
  }
  next_search_for_room_ = latest_.steady + kFruitless;
  fruitless_bytes_ = bytes;
  log::warn(
      "the ledger is full, and nothing in it can give way to {} bytes: jobs stay ready, and results are lost, until some of it is "
      "collected",
      bytes);
  return false;
}

std::optional<TimePoint> Engine::next_deadline() const {
  std::optional<TimePoint> next = core_.next_deadline();
  if (lacks_room_) next = next ? std::min(*next, next_search_for_room_) : next_search_for_room_;
  return next;
}

void Engine::record_end(const Job& job) {
  if (ledger_.finish(job)) return;
  if (unrecorded_.empty())
    log::About{.job = job.id.value}.error(
        "job {}: the ledger has no room for its outcome; a broker's death would lose it until others are forgotten", job.id.value);
  unrecorded_.push_back(job.id);
}

// Of those that the store alone was to know. A next broker that knew the batch's end and not theirs would run them.
void Engine::record_ends_of_chunks(const Job& batch) {
  const std::vector<JobId>* chunks = core_.chunks(batch.id);
  if (chunks == nullptr) return;
  for (const JobId id : *chunks)
    if (const Job* chunk = core_.find(id); chunk != nullptr && !chunk->settled && !ledger_.has(id)) record_end(*chunk);
}

// What was forgotten by now has made room. A durable job that is settled is with the store: nobody would take it out of here again.
void Engine::record_late() {
  for (; !unrecorded_.empty(); unrecorded_.pop_front()) {
    const Job* job = core_.find(unrecorded_.front());
    const bool is_wanted = job != nullptr && !(job->flags.durable && job->settled);
    if (is_wanted && !ledger_.finish(*job)) return;
  }
}

// It ended when nobody asked, and was not to be in the ledger. The next broker would run it, after the one that has gone on by its end.
void Engine::carry_out(const UsedEnd& effect) {
  const Job* job = core_.find(effect.job);
  if (job == nullptr || job->settled || ledger_.has(job->id)) return;
  if (std::ranges::find(unrecorded_, job->id) != unrecorded_.end()) return;  // somebody has gone on by it before
  record_ends_of_chunks(*job);
  record_end(*job);
}

}  // namespace jobpool::broker
