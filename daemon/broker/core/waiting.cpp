// Conditions before a start: other jobs' ends, points of time, a retry's back-off.
#include <algorithm>
#include <functional>
#include <utility>

#include "daemon/broker/core/job_core.hpp"

namespace jobpool::broker {
namespace {

// Those that name this job, of a list that is descending. (So that the first ids, which end first as a rule, are at its end, where they are
// taken away without moving the others: thousands of chunks end one by one.)
struct ThoseOn {
  Dependencies::iterator first, last;
  Dependencies::iterator begin() const { return first; }
  Dependencies::iterator end() const { return last; }
};
ThoseOn those_on(JobId job, Dependencies& missing) {
  const auto [first, last] = std::equal_range(missing.begin(), missing.end(), Dependency{job},
                                              [](const Dependency& a, const Dependency& b) { return a.job > b.job; });
  return {first, last};
}

}  // namespace

// Requires: it is ready and in no queue.
void JobCore::queue(Job& job, const Dependencies& after, const Now& now, Effects& out) {
  Dependencies missing;
  missing.reserve(after.size());
  std::uint16_t position = 0;
  for (Dependency dependency : after) {
    dependency.position = position++;
    use_end(job, dependency.job, out);
    Verdict verdict = judge(dependency);
    if (!verdict.obstacle.empty()) {
      job.reason = verdict.obstacle;
      return finish(job, Outcome::skipped, now, out);
    }
    if (verdict.satisfied)
      put_down_met(job, dependency, out);
    else
      missing.push_back(dependency);
  }
  if (missing.empty()) return go_on(job, now, out);
  std::ranges::sort(missing, std::ranges::greater{}, &Dependency::job);
  for (const Dependency& dependency : missing) dependents_.emplace(dependency.job, job.id);
  after_.emplace(job.id, std::move(missing));
  wait(job, WaitsFor::dependencies, out);
}

// Nobody had asked for that end, so that it may be on its way to the disk alone; this one would have gone on by it all the same.
void JobCore::use_end(const Job& job, JobId earlier, Effects& out) const {
  const Job* ended = job.flags.durable ? nullptr : find(earlier);
  if (ended != nullptr && ended->flags.durable && ended->state == JobState::done && !ended->settled) out.push_back(UsedEnd{earlier});
}

// So that their records stay until what their ends mean to it is on disk, and those of others do not.
void JobCore::note_named(const Job& job, const Dependencies& after) {
  if (!job.flags.durable) return;
  for (const Dependency& dependency : after)
    if (Job* named = known(dependency.job)) named->named_by_durable = true;
}

// All that it comes after has ended as it must.
void JobCore::go_on(Job& job, const Now& now, Effects& out) {
  if (job.flags.batch) return end_batch(job, now, out);
  wait_for_time(job, now, out);
}

JobCore::Verdict JobCore::judge(const Dependency& dependency) const {
  const Job* job = find(dependency.job);
  const bool any_end = dependency.needs == Dependency::Needs::end;
  if (job != nullptr && job->state != JobState::done) return {};
  const std::string name = "job " + std::to_string(dependency.job.value);
  if (job == nullptr)
    return any_end || dependency.is_met_if_gone ? Verdict{true, {}}
                                                : Verdict{false, "it was to run after " + name + ", of which no record is left"};
  const bool succeeded = job->outcome == Outcome::succeeded;
  if (any_end || succeeded == (dependency.needs == Dependency::Needs::success)) return {true, {}};
  if (succeeded) return {false, "it was to run when " + name + " has failed, and that succeeded"};
  return {false, "it was to run after " + name + ", which ended " + std::string{to_string(job->outcome)}};
}

// A durable job outlives the record of an ephemeral one that it came after. False: it need not be put down, or has been.
bool JobCore::put_down_met(const Job& job, const Dependency& dependency, Effects& out) {
  if (!job.flags.durable || dependency.is_met_if_gone || dependency.needs == Dependency::Needs::end) return false;
  out.push_back(Save{job.id, Save::What::dependency_met, dependency.position});
  return true;
}

// The same for all that go on by the end of this one. False: there is none.
bool JobCore::put_down_met_by(const Job& ended, Effects& out) {
  if (ended.flags.durable) return false;
  bool any = false;
  for (auto next = dependents_.lower_bound({ended.id, JobId{}}); next != dependents_.end() && next->first == ended.id; ++next)
    for (const Dependency& dependency : those_on(ended.id, after_.at(next->second)))
      if (judge(dependency).satisfied) any |= put_down_met(jobs_.at(next->second), dependency, out);
  return any;
}

bool JobCore::has_ephemeral_dependents(JobId id) const {
  for (auto next = dependents_.lower_bound({id, JobId{}}); next != dependents_.end() && next->first == id; ++next)
    if (const Job* job = find(next->second); job != nullptr && !job->flags.durable) return true;
  return false;
}

void JobCore::wait_for_time(Job& job, const Now& now, Effects& out) {
  if (job.not_before_usec <= now.wall_usec) return become_ready(job, now.wall_usec, now, out);
  wait(job, WaitsFor::time, out);
  waiting_for_time_.emplace(job.not_before_usec, job.id);
}

void JobCore::wait(Job& job, WaitsFor what, Effects& out) {
  if (job.state != JobState::waiting) change_state(job, JobState::waiting, out);
  job.waits_for = what;
}

// `since_usec`: when it could have been, had the timer gone off at once.
void JobCore::become_ready(Job& job, std::int64_t since_usec, const Now& now, Effects& out) {
  clear_timer(job);
  if (job.state != JobState::ready) change_state(job, JobState::ready, out);
  job.waits_for = WaitsFor::nothing;
  if (job.ready_usec == 0) job.ready_usec = since_usec;  // else it was before its broker died
  push_back_ready(job, now);
}

void JobCore::release_dependents(JobId ended, const Now& now, Effects& out) {
  for (auto next = dependents_.lower_bound({ended, JobId{}}); next != dependents_.end() && next->first == ended;) {
    Job& job = jobs_.at(next->second);
    next = dependents_.erase(next);
    room_was_made_ = true;
    const auto missing = after_.find(job.id);
    Verdict verdict;
    const auto met = those_on(ended, missing->second);
    for (const Dependency& dependency : met)
      if (verdict.obstacle.empty()) verdict = judge(dependency);
    missing->second.erase(met.begin(), met.end());
    if (!verdict.obstacle.empty()) {
      job.reason = verdict.obstacle;
      finish(job, Outcome::skipped, now, out);
    } else if (missing->second.empty()) {
      after_.erase(missing);
      go_on(job, now, out);
    }
  }
}

void JobCore::drop_dependencies(Job& job) {
  const auto node = after_.extract(job.id);
  if (node.empty()) return;
  for (const Dependency& dependency : node.mapped()) dependents_.erase({dependency.job, job.id});
  room_was_made_ = true;
}

const Dependencies* JobCore::dependencies(JobId id) const {
  const auto found = after_.find(id);
  return found == after_.end() ? nullptr : &found->second;
}

}  // namespace jobpool::broker
