// What the world is told of jobs: those who wait, those who count, those who listen. See engine.hpp.
#include <utility>

#include "common/log.hpp"
#include "daemon/broker/engine.hpp"

namespace jobpool::broker {

void Engine::answer_accepted(const Accepted& effect) {
  if (const Job* job = core_.find(effect.job)) {
    if (effect.kind == Accepted::Kind::fresh) stats_.accepted(*job, second(latest_));
    return listener_.on_accepted(effect);
  }
  // It was not stored; no more was one that was known by its key and waited for the same commit.
  if (effect.kind == Accepted::Kind::fresh || core_.store_is_full())
    return listener_.on_refused(Refused{effect.token, Refusal::store_full, {}});
  listener_.on_refused(Refused{effect.token, Refusal::forgotten, effect.job});
}

void Engine::carry_out(const Changed& effect) {
  const Job* job = core_.find(effect.job);
  if (log::writes_debug())
    log::About{.job = effect.job.value, .pool = job == nullptr ? std::string_view{} : pool_name(*job)}.debug(
        "job {} {} → {}", effect.job.value, to_string(effect.from), to_string(effect.to));
  if (effect.to == JobState::done) return;  // told when it is settled
  if (job == nullptr) return;
  if (effect.to == JobState::running) stats_.started(*job, second(latest_));
  if (effect.from == JobState::ready && effect.to == JobState::waiting) return;  // it was just accepted: told as waiting
  if (effect.to == JobState::running && awaits_start(*job)) return;  // told when its process is there: who hears of it looks at once
  announce(*job, effect.to);
}

void Engine::announce(const Job& job, JobState to) {
  auto tell = listener_.announcement(job, to);
  if (!tell) return;
  when_stored(job.id, [this, id = job.id, tell = std::move(tell)] {
    if (core_.find(id) != nullptr) tell();  // else it was not stored
  });
}

std::string_view Engine::pool_name(const Job& job) const {
  const CorePool* pool = core_.pools().find(job.pool);
  return pool == nullptr ? std::string_view{} : std::string_view{pool->record.settings.name};
}

// What nobody planned is worth a line; that a job failed or was cancelled is its submitter's business. Not the reason: an exception's words
// are the job's.
void Engine::log_end(const Job& job) const {
  const log::About about{.job = job.id.value,
                         .pool = pool_name(job),
                         .outcome = to_string(job.outcome),
                         .attempt = job.attempt,
                         .worker = job.worker_number.value};
  switch (job.outcome) {
    case Outcome::crashed:
    case Outcome::timed_out:
    case Outcome::interrupted:
    case Outcome::poison:
      return about.info("job {} of pool '{}' ended: {}", job.id.value, about.pool, about.outcome);
    default:
      return about.debug("job {} of pool '{}' ended: {}", job.id.value, about.pool, about.outcome);
  }
}

// The outcome survives everything that it is promised to survive: now it is told.
void Engine::settle(JobId id) {
  if (core_.find(id) == nullptr) return;
  tell(Settled{id});
  const Job& job = *core_.find(id);
  const bool is_durable = job.flags.durable;
  stats_.ended(job, second(latest_));
  log_end(job);
  if (const auto tell = listener_.announcement(job, JobState::done)) tell();  // all that was told of it before is durable
  // The last that is done with the job: one whose caller is gone may be forgotten in there, if its result is large.
  listener_.on_ended(job);
  if (is_durable) ledger_.erase(id);  // the store has it
}

}  // namespace jobpool::broker
