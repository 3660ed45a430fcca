// See store_thread.hpp.
#include "daemon/broker/store/store_thread.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "daemon/broker/store/record_reader.hpp"

namespace jobpool::broker {

StoreThread::StoreThread(OpenStore& store, Committer& committer, Mailbox& mailbox, const StoreOptions& options)
    : store_(store),
      committer_(committer),
      mailbox_(mailbox),
      try_again_(options.try_again),
      upkeep_(store.database, options, Clock::now()),
      is_full_(!store.has_ballast) {}

void StoreThread::run() {
  for (bool is_last = false; !is_last;) {
    // What may be committed later does not hasten those that wait already: it need not wake anybody.
    Work work = mailbox_.wait(deadline(), pending_.empty() ? Urgency::later : Urgency::soon);
    is_last = work.is_last;
    if (is_last) commit_time_.at_once();  // even if it is stuck
    turn(std::move(work));
  }
  // The next broker reads one file only. An error now is one that it will find itself.
  if (!failed_) static_cast<void>(upkeep_.truncate_log());
}

TimePoint StoreThread::deadline() const {
  if (failed_) return TimePoint::max();
  if (!pending_.empty()) return commit_time_.due();  // all else waits for that
  TimePoint soonest = upkeep_.due();
  if (is_full_) soonest = std::min(soonest, next_look_for_room_);
  return soonest;
}

void StoreThread::turn(Work work) {
  if (!failed_) {
    if (!is_stuck_) choose_time_for(work);
    take_in(std::move(work.batches));
    if (!pending_.empty() && Clock::now() >= commit_time_.due()) commit_pending();
    refusals_.forget(work.told);
  }
  for (ResultRequest& request : work.requests) answer(std::move(request));
  for (JobRequest& request : work.job_requests) answer(std::move(request));
  if (!failed_ && is_full_ && pending_.empty()) look_for_room();
  if (!failed_) keep_up();
}

void StoreThread::choose_time_for(const Work& work) {
  if (is_full_ || !work.requests.empty()) return commit_time_.at_once();
  const TimePoint now = work.batches.empty() ? TimePoint{} : Clock::now();
  for (const WaitingBatch& batch : work.batches) commit_time_.was_handed_over(batch.urgency, now);
}

void StoreThread::take_in(std::vector<WaitingBatch> batches) {
  if (is_full_ || !refusals_.empty()) {
    for (WaitingBatch& batch : batches) refuse_from(batch);
  }
  if (pending_.empty()) {
    pending_ = std::move(batches);
  } else {
    std::move(batches.begin(), batches.end(), std::back_inserter(pending_));
  }
}

void StoreThread::refuse_from(WaitingBatch& batch) {
  if (is_full_)
    if (auto puts = Refusals::take_out_puts(batch.writes); !puts.empty()) mailbox_.post(RefusedPuts{batch.number, std::move(puts)});
  auto jobs = refusals_.take_out(batch.writes, is_full_ ? Refusals::NewJobs::refuse : Refusals::NewJobs::accept);
  if (jobs.empty()) return;
  mailbox_.post(RefusedJobs{batch.number, std::move(jobs)});
  if (!is_full_) mailbox_.post(Room{});  // it waited for a refused one: only that was in its way
}

void StoreThread::commit_pending() {
  const bool has_writes = std::any_of(pending_.begin(), pending_.end(), [](const WaitingBatch& batch) { return !batch.writes.empty(); });
  const TimePoint begin = Clock::now();
  auto done = committer_.commit(pending_);
  if (!done && done.error().code == Errc::full && !is_full_) done = commit_without_new_jobs();
  if (!done && done.error().code == Errc::full) {
    commit_time_.put_off(Clock::now() + try_again_);
    if (!std::exchange(is_stuck_, true)) mailbox_.post(Stuck{});
    return;
  }
  if (!done) return fail(done.error());
  is_stuck_ = false;
  mailbox_.post(Committed{pending_.front().number, pending_.back().number});
  pending_.clear();
  const auto took = has_writes ? std::chrono::duration_cast<Microseconds>(Clock::now() - begin) : Microseconds{0};
  commit_time_.has_committed(took);
  if (!has_writes) return;
  if (auto kept_up = upkeep_.after_commit(Clock::now()); !kept_up) fail(kept_up.error());
}

// The disk has just become full: what was accepted can be finished with what the ballast gives back; nothing new begins.
Result<void> StoreThread::commit_without_new_jobs() {
  is_full_ = true;
  next_look_for_room_ = Clock::now() + try_again_;
  for (WaitingBatch& batch : pending_) refuse_from(batch);
  if (auto released = store_.ballast.release(); !released && released.error().code != Errc::full) return released;
  if (auto emptied = upkeep_.checkpoint(); !emptied) return emptied;
  return committer_.commit(pending_);
}

void StoreThread::look_for_room() {
  if (Clock::now() < next_look_for_room_) return;
  next_look_for_room_ = Clock::now() + try_again_;
  const auto made = store_.ballast.make();
  if (made) {
    is_full_ = false;
    mailbox_.post(Room{});
  } else if (made.error().code != Errc::full) {
    fail(made.error());
  }
}

void StoreThread::keep_up() {
  if (!pending_.empty() || Clock::now() < upkeep_.due() || mailbox_.has_work()) return;
  if (auto done = upkeep_.when_idle(Clock::now()); !done) fail(done.error());
}

void StoreThread::answer(ResultRequest request) {
  auto result = result_of(request.job);
  mailbox_.post(ResultRead{std::move(request), std::move(result)});
}

void StoreThread::answer(JobRequest request) {
  auto job = failed_ ? Result<JobRecord>{*failed_} : read_job(store_.database, request.job);
  mailbox_.post(JobRead{std::move(request), std::move(job)});
}

Result<std::string> StoreThread::result_of(JobId job) const {
  if (failed_) return *failed_;
  // While the disk is full the end may be waiting here; who asks need not.
  for (const WaitingBatch& batch : pending_) {
    for (const StoreWrite& write : batch.writes) {
      if (const auto* end = std::get_if<JobEnd>(&write); end != nullptr && end->job == job) return end->result;
    }
  }
  return read_result(store_.database, store_.files, job);
}

void StoreThread::fail(const Error& error) {
  failed_ = error;
  pending_.clear();
  mailbox_.post(Failed{error});
}

}  // namespace jobpool::broker
