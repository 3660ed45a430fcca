// What workers really did, and whether an outcome can have come of it. See oracle.hpp.
#include <algorithm>

#include "tests/simulation/oracle.hpp"
#include "tests/simulation/violation.hpp"

namespace jobpool::simulation {

using namespace broker;

void Oracle::worker_is_set_up(Incarnation worker) {
  trace_.line("worker {}: is set up", worker.value);
  require(set_up_.insert(worker).second, "worker {} is set up twice", worker.value);
}

void Oracle::worker_claimed(const ByWorker& by, JobId job, std::uint32_t attempt, std::uint32_t number) {
  const auto& [worker, pool, threads] = by;
  trace_.line("worker {}: claims job {}, attempt {} (work {})", worker.value, job.value, attempt, number);
  Truth& truth = known(job, number);
  const Work& work = works_[number];
  require(work.submit.pool == pool, "job {} of pool {} is started by a worker of pool {}", job.value, work.submit.pool.value, pool.value);
  require(!held_.contains(pool), "job {} is started, and its pool was paused or terminated", job.value);
  require(!with_setup_.contains(pool) || set_up_.contains(worker), "job {} is started by worker {}, which was not set up", job.value,
          worker.value);
  require(!truth.told, "job {} is started after it was told to have ended {}", job.value, to_string(truth.told.value_or(Outcome::poison)));
  require(!truth.is_lost, "job {} is started, though it was lost with an earlier broker", job.value);
  for (const Start& earlier : truth.starts)
    require(earlier.attempt != attempt, "attempt {} of job {} is started twice", attempt, job.value);
  require(truth.starts.size() <= work.submit.retries, "job {} is started {} times, with {} retries", job.value, truth.starts.size() + 1,
          work.submit.retries);
  require(running(worker).size() < threads, "worker {} of {} threads claims job {} beside as many others", worker.value, threads,
          job.value);
  check_nothing_succeeded(job, truth);
  require(truth.stop_noted_in == 0 || truth.stop_noted_in == life_ || truth.instance != instance_,
          "job {} is started, though an earlier broker had put down that it is cancelled", job.value);
  check_recorded(job, truth, attempt);
  check_dependencies(job, work);
  check_time(job, work, truth);
  Start start;
  start.attempt = attempt;
  start.worker = worker;
  truth.starts.push_back(start);
}

void Oracle::check_recorded(JobId job, const Truth& truth, std::uint32_t attempt) const {
  if (!works_[truth.work].is_durable()) return;
  const auto* stored = store_.committed(job);
  require(stored != nullptr && !stored->job.ended, "job {} is started, and the store has it not, or as ended", job.value);
  const auto found = std::ranges::find(stored->job.attempts, attempt, &Attempt::number);
  require(found != stored->job.attempts.end() && !found->outcome, "attempt {} of job {} is started before it is recorded", attempt,
          job.value);
}

void Oracle::check_dependencies(JobId job, const Work& work) const {
  for (const Dependency& dependency : work.submit.after) {
    const Truth& other = jobs_.at(dependency.job);
    const Start* last = other.last_start();
    const bool runs = last != nullptr && last->end == Start::End::none;
    require(!runs, "job {} is started while job {}, which it is to follow, still runs", job.value, dependency.job.value);
    if (works_[other.work].is_batch()) {
      require(dependency.needs == Dependency::Needs::end || other.may_be_forgotten || has_batch_succeeded(dependency.job),
              "job {} is started, and batch {}, which it needs, has not succeeded", job.value, dependency.job.value);
      continue;
    }
    if (dependency.needs == Dependency::Needs::success)
      require(last != nullptr && last->end == Start::End::well, "job {} is started, and job {}, which it needs, has not succeeded",
              job.value, dependency.job.value);
  }
}

// Not before its time, nor before its pause: three quarters of the back-off, doubled with each attempt, at the least.
void Oracle::check_time(JobId job, const Work& work, const Truth& truth) const {
  if (!clock_is_even_) return;
  require(work.submit.not_before_usec <= now_.wall_usec, "job {} is started before its time", job.value);
  if (const Start* last = truth.last_start())
    require(now_.wall_usec - last->ended_usec >= work.submit.backoff.count() * 3 / 4, "job {} is tried again without its pause", job.value);
}

void Oracle::check_nothing_succeeded(JobId job, const Truth& truth) const {
  for (const Start& start : truth.starts) {
    require(start.end != Start::End::none, "job {} is started while attempt {} of it runs", job.value, start.attempt);
    require(start.end != Start::End::well || start.host_died_since, "job {} is started again, after attempt {} had succeeded", job.value,
            start.attempt);
  }
}

std::vector<Start*> Oracle::running(Incarnation worker) {
  std::vector<Start*> all;
  for (auto& [id, truth] : jobs_)
    for (Start& start : truth.starts)
      if (start.worker == worker && start.end == Start::End::none) all.push_back(&start);
  return all;
}

void Oracle::worker_finished(Incarnation worker, JobId job, Start::End end, Stopped stopped, const std::string& result) {
  trace_.line("worker {}: FIN of job {}: {} {}", worker.value, job.value, static_cast<int>(end), result);
  Start& start = jobs_.at(job).starts.back();
  start.end = end;
  start.ended_usec = now_.wall_usec;
  start.ended_in = life_;
  start.stopped = stopped == Stopped::yes;
  start.result = result;
}

void Oracle::worker_died(Incarnation worker) {
  trace_.line("worker {}: dies", worker.value);
  for (Start* start : running(worker)) {
    start->end = Start::End::died;
    start->ended_usec = now_.wall_usec;
  }
}

void Oracle::check_outcome(JobId job, const Truth& truth, Outcome outcome) const {
  const Work& work = works_[truth.work];
  const Start* last = truth.last_start();
  const Start::End end = last != nullptr ? last->end : Start::End::none;
  const bool is_function = work.submit.kind == shm::JobKind::function;
  if (end == Start::End::well && !last->stopped && !last->host_died_since)
    require(outcome == Outcome::succeeded, "attempt {} of job {} succeeded, and {} is told", last->attempt, job.value, to_string(outcome));
  const auto holds = [&] {
    switch (outcome) {
      case Outcome::succeeded:
        return end == Start::End::well;
      case Outcome::failed:
        return end == Start::End::badly;
      case Outcome::crashed:
        return end == Start::End::signalled || (end == Start::End::died && is_function);
      case Outcome::timed_out:
        return work.submit.timeout > Microseconds{0} && last != nullptr;
      case Outcome::cancelled:
        return may_be_cancelled(work, truth);
      case Outcome::skipped:
        return may_be_skipped(work);
      case Outcome::interrupted:
        return may_be_interrupted(work, truth);
      case Outcome::poison:
        return std::ranges::count(truth.starts, Start::End::died, &Start::end) >= 3;
    }
    return false;
  };
  require(holds(), "job {} is told to have ended {}, and nothing that happened to it explains that", job.value, to_string(outcome));
}

// The caller of an apply who does not come back after a broker's death has cancelled it; so has one whose descriptors died with it.
bool Oracle::may_be_cancelled(const Work& work, const Truth& truth) const {
  if (truth.cancel_asked || drains_ > 0 || terminated_.contains(work.submit.pool)) return true;
  const bool needs_caller = work.submit.mode == Mode::apply || work.submit.flags.has_descriptors;
  return needs_caller && !work.is_durable() && work.life != life_;
}

bool Oracle::may_be_interrupted(const Work& work, const Truth& truth) const {
  const Start* last = truth.last_start();
  if (last != nullptr && last->end == Start::End::died) return true;
  if (work.is_durable()) return work.instance != instance_ || drains_ > 0;
  return work.life != life_;
}

// Of one that was lost or forgotten nobody knows any more whether it succeeded: unless it was told so, for before that it was put down for
// those that come after it. (A broker that dies before it tells leaves that to the next one, which tells what it finds, and puts it down
// then.)
bool Oracle::may_be_skipped(const Work& work) const {
  return std::ranges::any_of(work.submit.after, [&](const Dependency& dependency) {
    const Truth& other = jobs_.at(dependency.job);
    const Start* last = other.last_start();
    const bool is_batch = works_[other.work].is_batch();
    const bool succeeded =
        is_batch ? has_batch_succeeded(dependency.job) : last != nullptr && last->end == Start::End::well && !last->host_died_since;
    const bool may_be_unknown = (other.is_lost || other.may_be_forgotten) && (!work.is_durable() || is_batch || !other.told_by_its_broker);
    return dependency.needs == Dependency::Needs::success && (!succeeded || may_be_unknown);
  });
}

}  // namespace jobpool::simulation
