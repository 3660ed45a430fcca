// See job_times.hpp.
#include "daemon/broker/core/job_times.hpp"

#include <algorithm>

#include "daemon/broker/core/backoff.hpp"

namespace jobpool::broker {
namespace {

// Walks along the life of a job and adds up.
class LifeWalk {
 public:
  LifeWalk(const PauseLog& pauses, std::int64_t begin_usec, History history)
      : pauses_(pauses), at_(begin_usec), wants_history_(history == History::wanted) {}

  // One attempt, or what there is of it. `end`: where what is told of it ends, its own end or now.
  void pass(const Attempt& attempt, bool has_run, std::int64_t end) {
    const std::int64_t start = has_run ? attempt.started_usec : 0;
    if (has_run && start <= 0) return skip(attempt.ready_usec, end);
    await(attempt.ready_usec, has_run ? start : end);
    if (!has_run) return;
    at_ = std::max(at_, start);
    running_ += enter(JobState::running, end);
  }
  // Nothing is known of some attempts, nor of what it was until then; 0: until where the walk is.
  void lose(std::int64_t until) {
    running_known_ = queued_known_ = false;
    if (until <= at_) return;
    at_ = until;
    since_.reset();
  }

  JobTimes result(const Job& job) {
    JobTimes times;
    // Of what is read from two clocks, one may be more than the other.
    const Microseconds blocked = std::min(Microseconds{job.blocked_usec}, running_);
    if (running_known_) times.running = running_ - blocked;
    if (queued_known_) {
      times.ready = ready_;
      times.waiting = waiting_ + blocked;
    }
    if (job.settled) {
      times.since_usec = job.ended_usec;
      if (wants_history_) history_.push_back({JobState::done, job.ended_usec, {}});
    } else {
      times.since_usec = since_;
      if (since_ && wants_history_) end_in_the_open();
    }
    times.history = std::move(history_);
    return times;
  }

 private:
  // The time before a start (or before what is now), of which some was ready.
  void await(std::int64_t ready, std::int64_t until) {
    if (ready == kReadyUnknown) {
      queued_known_ = false;
      since_.reset();
      at_ = std::max(at_, until);
      return;
    }
    if (ready == 0 || ready > at_) waiting_ += enter(JobState::waiting, ready == 0 ? until : std::min(ready, until));
    if (ready == 0 || ready > until) return;
    const std::int64_t begin = at_;
    bool is_paused = false;
    pauses_.each_within(begin, std::max(begin, until), [&](std::int64_t from, std::int64_t to) {
      if (from > at_) ready_ += enter(JobState::ready, from);
      waiting_ += enter(JobState::waiting, to);
      is_paused = to == until;
    });
    if (!is_paused) ready_ += enter(JobState::ready, until);
  }
  // The last period goes on, however short it was by now.
  void end_in_the_open() {
    if (history_.empty() || history_.back().state != *last_ || history_.back().begin_usec != *since_)
      history_.push_back({*last_, *since_, {}});
    history_.back().end_usec.reset();
  }
  // It has run, but nobody knows from when on.
  void skip(std::int64_t ready, std::int64_t end) {
    running_known_ = queued_known_ = false;
    if (ready > at_) enter(JobState::waiting, ready);
    at_ = std::max(at_, end);
    since_.reset();
  }
  // In this state from where the walk is, until there. How long.
  Microseconds enter(JobState state, std::int64_t until) {
    const std::int64_t begin = at_;
    at_ = std::max(at_, until);
    const bool goes_on = last_ == state && since_.has_value();
    if (!goes_on) since_ = begin;
    last_ = state;
    if (wants_history_ && at_ > begin) {
      if (goes_on && !history_.empty() && history_.back().end_usec == begin)
        history_.back().end_usec = at_;
      else
        history_.push_back({state, begin, at_});
    }
    return Microseconds{at_ - begin};
  }

  const PauseLog& pauses_;
  std::int64_t at_;
  const bool wants_history_;
  Microseconds ready_{0}, running_{0}, waiting_{0};
  bool running_known_ = true, queued_known_ = true;
  std::optional<std::int64_t> since_;
  std::optional<JobState> last_;
  std::vector<Period> history_;
};

// When the attempt behind `before` (null: the first) could start.
std::int64_t ready_time(const Job& job, const Attempt* before, std::optional<std::int64_t> released_usec) {
  if (before != nullptr)
    return before->ended_usec <= 0 ? kReadyUnknown : before->ended_usec + backoff_after(before->number, job.id, job.backoff).count();
  if (!released_usec || *released_usec == kReadyUnknown) return released_usec.value_or(0);
  return std::max({job.submitted_usec, job.not_before_usec, *released_usec});
}

// A start before that: a clock that was set back. No start, and an end before that: it never was ready.
std::int64_t within(std::int64_t ready, std::int64_t started, std::int64_t ended) {
  if (started > 0) return std::min(ready, started);
  return ready <= ended ? ready : 0;
}

}  // namespace

JobTimes times_of(const Job& job, const PauseLog& pauses, std::int64_t now_usec, History history) {
  LifeWalk walk(pauses, job.submitted_usec, history);
  std::uint32_t last = 0;
  for (const Attempt& attempt : job.earlier) {
    if (attempt.number != last + 1) walk.lose(attempt.ready_usec > 0 ? attempt.ready_usec : attempt.started_usec);
    last = attempt.number;
    walk.pass(attempt, true, attempt.ended_usec);
  }
  const std::int64_t end = job.settled ? job.ended_usec : now_usec;
  const bool may_have_run = job.state == JobState::running || job.state == JobState::done;
  const bool has_run = may_have_run && !job.flags.batch && job.attempt > last;
  if ((has_run ? job.attempt - 1 : job.attempt_open ? job.attempt - 1 : job.attempt) > last) walk.lose(0);
  walk.pass(attempt_of(job), has_run, end);
  return walk.result(job);
}

void restore_ready_times(Job& job, std::optional<std::int64_t> released_usec, std::int64_t now_usec) {
  const Attempt* before = nullptr;
  for (Attempt& attempt : job.earlier) {
    if (attempt.ready_usec == 0)
      attempt.ready_usec = within(ready_time(job, before, released_usec), attempt.started_usec, attempt.ended_usec);
    before = &attempt;
  }
  const std::int64_t end = job.ended_usec > 0 ? job.ended_usec : now_usec;
  if (job.ready_usec == 0) job.ready_usec = within(ready_time(job, before, released_usec), job.started_usec, end);
}

}  // namespace jobpool::broker
