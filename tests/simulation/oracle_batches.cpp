// Batches: accepted with all of their chunks, and ended after them. See oracle.hpp.
#include <algorithm>
#include <charconv>

#include "tests/simulation/oracle.hpp"
#include "tests/simulation/violation.hpp"

namespace jobpool::simulation {

using namespace broker;

// What was told of a batch is told of its chunks: whoever has its id can ask for theirs.
void Oracle::accept_chunks(JobId batch) {
  const auto* stored = store_.committed(batch);
  if (stored == nullptr) return;  // forgotten by now
  const Dependencies& after = stored->job.job.after;
  require(after.size() == work_of(batch).chunks.size(), "batch {} is stored with {} chunks", batch.value, after.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    Truth& chunk = known(after[i].job, work_of(batch).chunks[i]);
    chunk.accepted = true;
    require(chunk.may_be_forgotten || store_.committed(after[i].job) != nullptr, "batch {} is accepted, and its chunk {} is not durable",
            batch.value, after[i].job.value);
  }
}

// As its end has it; before that is committed, as its chunks' workers have it: an ephemeral job that comes after it need not wait for the
// disk.
bool Oracle::has_batch_succeeded(JobId batch) const {
  const auto* stored = store_.committed(batch);
  if (stored == nullptr) return false;
  if (stored->job.ended) return stored->job.end.outcome == Outcome::succeeded;
  return std::ranges::all_of(stored->job.job.after, [&](const Dependency& chunk) {
    const auto found = jobs_.find(chunk.job);
    const Start* last = found == jobs_.end() ? nullptr : found->second.last_start();
    return last != nullptr && last->end == Start::End::well;
  });
}

// When it has ended so have they, and it succeeded only if all of them did.
void Oracle::check_batch(JobId batch, Outcome outcome) const {
  const auto* stored = store_.committed(batch);
  if (stored == nullptr) return;  // forgotten by now
  std::size_t unsuccessful = 0, cancelled = 0, unknown = 0;
  for (const Dependency& chunk : stored->job.job.after) {
    const auto* end = store_.committed(chunk.job);
    if (end == nullptr || forgotten_.contains(chunk.job)) {
      require(forgotten_.contains(chunk.job), "chunk {} of batch {} is not in the store", chunk.job.value, batch.value);
      ++unknown;
      continue;
    }
    require(end->job.ended, "batch {} has ended before its chunk {}", batch.value, chunk.job.value);
    unsuccessful += end->job.end.outcome == Outcome::succeeded ? 0 : 1;
    cancelled += end->job.end.outcome == Outcome::cancelled ? 1 : 0;
  }
  const bool holds = outcome == Outcome::succeeded   ? unsuccessful == 0
                     : outcome == Outcome::failed    ? unsuccessful + unknown > 0
                     : outcome == Outcome::cancelled ? cancelled + unknown > 0
                                                     : false;
  require(holds, "batch {} is told to have ended {}, with {} chunks that did not succeed", batch.value, to_string(outcome), unsuccessful);
}

}  // namespace jobpool::simulation
