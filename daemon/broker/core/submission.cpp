// Who gets in: keys, quotas, refusals, and those who wait for room.
#include <algorithm>
#include <utility>

#include "daemon/broker/core/job_core.hpp"

namespace jobpool::broker {

void JobCore::on(Submit& event, const Now& now, Effects& out) {
  accept_blocked(now, out);  // those who came before are first; one of them may have this one's key
  if (accept_known_key(event, out)) return;
  if (const auto refused = refusal_of(event)) return out.push_back(*refused);
  const auto full = fullness_for(event);
  if (!full) return accept(event, now, out);
  if (event.if_full == IfFull::fail) return out.push_back(Refused{event.token, *full, {}});
  blocked_.push_back(std::move(event));
}

void JobCore::on(Withdraw& event, const Now&, Effects& out) {
  std::erase_if(blocked_, [&](const Submit& blocked) {
    const bool is_withdrawn = blocked.token.value - event.token.value < event.count;  // unsigned: no smaller one is
    if (is_withdrawn) out.push_back(Refused{blocked.token, Refusal::withdrawn, {}});
    return is_withdrawn;
  });
}

std::optional<Refused> JobCore::refusal_of(const Submit& event) const {
  const CorePool* pool = pools_.find(event.pool);
  if (draining() || pool == nullptr || !pool->takes_jobs()) return Refused{event.token, Refusal::not_running, {}};
  if (event.flags.durable && store_is_full_) return Refused{event.token, Refusal::store_full, {}};
  for (const Dependency& dependency : event.after)
    if (find(dependency.job) == nullptr) return Refused{event.token, Refusal::no_such_dependency, dependency.job};
  return std::nullopt;
}

std::optional<Refusal> JobCore::fullness_for(const Submit& event) const {
  const std::size_t bytes = event.payload.size() + event.after.size() * kDependencyBytes;
  if (queued_jobs() >= limits_.max_queued_jobs || queued_bytes() + bytes > limits_.max_queued_bytes) return Refusal::queue_full;
  const auto own = queued_of_.find(event.uid);
  if (own != queued_of_.end() && own->second >= limits_.max_queued_of_one) return Refusal::quota_full;
  return std::nullopt;
}

void JobCore::accept(Submit& event, const Now& now, Effects& out) {
  const JobId id{next_id_.value++};
  Job& job = jobs_.add(id);
  static_cast<Terms&>(job) = static_cast<const Terms&>(event);
  if (job.mode == Mode::apply_async) job.flags.detach = true;
  job.payload = std::move(event.payload);
  job.name = std::move(event.name);
  job.description = std::move(event.description);
  job.key = std::move(event.key);
  job.spec_hash = event.spec_hash;
  job.submitted_usec = now.wall_usec;
  keys_.add(job);
  if (!event.notes.is_empty()) notes_.emplace(id, event.notes);
  enter(job);
  if (job.flags.batch) keep_chunks(id, event.after);
  for (Dependency& dependency : event.after) dependency.is_met_if_gone = judge(dependency).satisfied;
  if (job.flags.durable) out.push_back(Save{id, Save::What::accepted, 0, to_be_stored(event.after), Urgency::now, job.payload});
  out.push_back(Accepted{event.token, id, Accepted::Kind::fresh});
  note_named(job, event.after);
  queue(job, event.after, now, out);
}

Dependencies JobCore::to_be_stored(Dependencies after) const {
  for (Dependency& dependency : after) dependency.is_met_if_gone |= find(dependency.job)->flags.durable;
  return after;
}

// The same key with the same submission is the same job, whatever has become of it. But for one thing: whoever asks for a durable job is
// not answered with one that may be lost before it has run.
bool JobCore::accept_known_key(const Submit& event, Effects& out) {
  if (event.key.empty()) return false;
  const Job* const found = keys_.find(event.uid, event.key);
  if (found == nullptr) return false;
  Job& job = jobs_.at(found->id);
  if (job.spec_hash != event.spec_hash) {
    out.push_back(Refused{event.token, Refusal::key_conflict, job.id});
    return true;
  }
  if (event.flags.durable && !job.flags.durable && job.state != JobState::done) {
    out.push_back(Refused{event.token, Refusal::key_of_ephemeral, job.id});
    return true;
  }
  claim_by_.erase(job.id);  // its caller is back
  if (event.mode == Mode::apply_async || event.flags.detach) detach(job, out);
  out.push_back(Accepted{event.token, job.id, Accepted::Kind::known});
  return true;
}

// From here on somebody counts on it who does not wait.
void JobCore::detach(Job& job, Effects& out) {
  if (job.flags.detach || job.state == JobState::done) return;
  job.flags.detach = true;
  out.push_back(Detached{job.id});
}

// In the order they came; one that still finds no room (its submitter's quota, or its size) does not hold up the others. Where there is
// room for no more at all, the rest is not looked at: there may be thousands behind each job that ends.
void JobCore::accept_blocked(const Now& now, Effects& out) {
  if (blocked_.empty() || !std::exchange(room_was_made_, false)) return;
  std::deque<Submit> still;
  std::deque<Submit> left = std::exchange(blocked_, {});
  for (; !left.empty() && queued_jobs() < limits_.max_queued_jobs; left.pop_front()) {
    Submit& event = left.front();
    if (accept_known_key(event, out)) continue;
    if (const auto refused = refusal_of(event))
      out.push_back(*refused);
    else if (fullness_for(event))
      still.push_back(std::move(event));
    else
      accept(event, now, out);
  }
  for (; !still.empty(); still.pop_back()) left.push_front(std::move(still.back()));
  blocked_ = std::move(left);
}

void JobCore::refuse_blocked(Refusal why, Effects& out) {
  for (const Submit& event : std::exchange(blocked_, {})) out.push_back(Refused{event.token, why, {}});
}

void JobCore::refuse_blocked_of(const CorePool& pool, Effects& out) {
  std::erase_if(blocked_, [&](const Submit& event) {
    if (event.pool != pool.record.number) return false;
    out.push_back(Refused{event.token, Refusal::not_running, {}});
    return true;
  });
}

void JobCore::on(StoreFull&, const Now&, Effects&) { store_is_full_ = true; }

void JobCore::on(StoreHasRoom&, const Now&, Effects&) { store_is_full_ = false; }

void JobCore::on(NotStored& event, const Now&, Effects& out) {
  Job* job = known(event.job);
  if (job == nullptr) return;
  if (job->offered) leave_slot(*job);
  drop_dependencies(*job);
  clear_timer(*job);
  leave(*job);
  job->flags.durable = false;  // nothing is to be taken out of the store
  forget(job->id, out);
  just_ended_.push_back(event.job);  // who waits for it must not wait for ever
}

}  // namespace jobpool::broker
