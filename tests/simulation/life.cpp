// See life.hpp.
#include "tests/simulation/life.hpp"

#include <utility>

#include "tests/simulation/violation.hpp"

namespace jobpool::simulation {

using namespace broker;

Life::Life(Ledger ledger, std::uint64_t instance, const CoreLimits& limits, JobId next_id, Surroundings around)
    : around_(std::move(around)), engine(std::move(ledger), around_.store, instance, limits, next_id, *this, [this](Now& now) {
        around_.fuse.burn();
        now = around_.now;
      }) {}

void Life::on_accepted(const Accepted& accepted) {
  say(accepted);
  // Of descriptors only that there are some: what becomes of them is the worker's business.
  const Job* known = engine.core().find(accepted.job);
  if (known != nullptr && known->flags.has_descriptors && known->state != JobState::done) engine.hold_descriptors(accepted.job, {});
  // Known by its key, and over: the caller has the answer at once.
  if (known != nullptr && known->settled) say(end_of(*known));
  // Whoever has a batch's id can ask for the ends of its chunks.
  const std::vector<JobId>* chunks = engine.core().chunks(accepted.job);
  for (const JobId id : chunks != nullptr ? *chunks : std::vector<JobId>{})
    if (const Job* chunk = engine.core().find(id); chunk != nullptr && chunk->settled) say(end_of(*chunk));
}

void Life::on_ended(const Job& job) { say(end_of(job)); }

void Life::on_store_failed(const Error& error) { throw Violation{"the broker hears that its store failed: " + error.text}; }

End Life::end_of(const Job& job) const {
  auto result = engine.result_at_hand(job);
  if (!result) {
    const auto* stored = around_.store.committed(job.id);
    result = stored != nullptr ? stored->result : "";
  }
  return {job.id, job.outcome, std::move(*result)};
}

void Life::say(News one) {
  around_.fuse.burn();
  news.push_back(std::move(one));
}

}  // namespace jobpool::simulation
