// The job's flat facts of its current attempt, and the same as a value of its own.
#include "daemon/broker/core/job.hpp"

#include <string>

namespace jobpool::broker {

Attempt attempt_of(const Job& job) {
  Attempt attempt;
  attempt.number = job.attempt;
  attempt.worker = job.worker_number;
  attempt.pid = job.pid;
  attempt.started_usec = job.started_usec;
  attempt.ended_usec = job.ended_usec;
  attempt.ready_usec = job.ready_usec;
  attempt.exit_code = job.exit_code;
  attempt.signal = job.signal;
  attempt.user_usec = job.user_usec;
  attempt.system_usec = job.system_usec;
  attempt.max_rss_bytes = job.max_rss_bytes;
  attempt.reason = job.reason;
  attempt.error_type = job.error_type;
  return attempt;
}

void drop_middle_attempts(Job& job) {
  constexpr std::ptrdiff_t kEach = kMostEarlier / 2;
  if (job.earlier.size() > kMostEarlier) job.earlier.erase(job.earlier.begin() + kEach, job.earlier.end() - kEach);
}

void note_lost_result(Job& job) {
  constexpr std::string_view kWhy = "its result was let go to make room for others, since nobody waited for it any more";
  if (job.outcome == Outcome::succeeded) {
    job.reason = kWhy;
    job.error_type = kResultLost;
  } else {
    job.reason = job.reason.empty() ? std::string{kWhy} : std::string{job.reason} + "; " + std::string{kWhy};
  }
}

bool took_worker_along(const Attempt& attempt) {
  const bool with_its_worker = attempt.outcome == Outcome::interrupted || attempt.outcome == Outcome::crashed;
  return with_its_worker && attempt.reason.starts_with("worker ");
}

void restore_attempt(Job& job, const Attempt& attempt) {
  job.attempt = attempt.number;
  job.worker_number = attempt.worker;
  job.pid = attempt.pid;
  job.started_usec = attempt.started_usec;
  job.ended_usec = attempt.ended_usec;
  job.ready_usec = attempt.ready_usec;
  job.exit_code = attempt.exit_code;
  job.signal = attempt.signal;
  job.user_usec = attempt.user_usec;
  job.system_usec = attempt.system_usec;
  job.max_rss_bytes = attempt.max_rss_bytes;
  job.reason = attempt.reason;
  job.error_type = attempt.error_type;
}

}  // namespace jobpool::broker
