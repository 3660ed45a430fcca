// Jobs to records and back.
#include "daemon/broker/stored_jobs.hpp"

#include <algorithm>
#include <utility>

namespace jobpool::broker {

JobRecord record_of(const Job& job, const Save& accepted, const JobNotes& notes) {
  JobRecord record;
  record.id = job.id;
  record.terms = static_cast<const Terms&>(job);
  record.after = accepted.after;
  record.name = job.name;
  record.description = job.description;
  record.key = job.key;
  record.spec_hash = job.spec_hash;
  record.submitted_usec = job.submitted_usec;
  record.notes = notes;
  record.payload = accepted.payload;
  return record;
}

Job restored_job(StoredJob stored) {
  Job job;
  static_cast<Terms&>(job) = stored.job.terms;
  job.id = stored.job.id;
  job.payload = std::move(stored.job.payload);
  job.name = std::move(stored.job.name);
  job.description = std::move(stored.job.description);
  job.key = std::move(stored.job.key);
  job.spec_hash = stored.job.spec_hash;
  job.submitted_usec = stored.job.submitted_usec;
  job.workers_killed = static_cast<std::uint8_t>(std::min<std::ptrdiff_t>(std::ranges::count_if(stored.attempts, took_worker_along), 255));
  if (!stored.attempts.empty()) {
    Attempt last = std::move(stored.attempts.back());
    const bool open = !last.outcome.has_value();
    // It was to be tried again, and was ended meanwhile.
    const bool is_earlier = stored.ended && !open && *last.outcome != stored.end.outcome;
    job.attempt = last.number;
    job.attempt_open = open && !stored.ended;
    // Of a job that goes on, ended attempts are earlier ones; of one that has ended, the last is its own, if it ended with it.
    if ((stored.ended && !is_earlier) || open) {
      restore_attempt(job, last);
      stored.attempts.pop_back();
    } else {
      stored.attempts.back() = std::move(last);
    }
    job.earlier = std::move(stored.attempts);
  }
  if (!stored.ended) return job;
  job.outcome = stored.end.outcome;
  job.ended_usec = stored.end.ended_usec;
  job.reason = std::move(stored.end.reason);
  return job;
}

}  // namespace jobpool::broker
