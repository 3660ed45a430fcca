// Words for states, times and durations of jobs.
#include "client/cli/job_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "client/cli/duration.hpp"
#include "client/cli/signal_name.hpp"

namespace jobpool::cli {

namespace {

// Of whatever has an outcome: a job, an attempt.
template <class Ended>
Cell cell_of(Outcome outcome, const Ended& ended) {
  std::string text{to_string(outcome)};
  if (outcome == Outcome::succeeded) return Cell{text};
  if (outcome == Outcome::failed && ended.exit_code) text += " " + std::to_string(*ended.exit_code);
  if (outcome == Outcome::failed && !ended.error_type.empty()) text += " " + printable(ended.error_type);
  if (outcome == Outcome::crashed && ended.signal) text += " " + signal_name(*ended.signal);
  return Cell{text, Ink::red};
}

std::string local(const char* format, std::int64_t usec) {
  const std::time_t seconds = usec / 1'000'000;
  std::tm parts{};
  if (::localtime_r(&seconds, &parts) == nullptr) return std::to_string(seconds);
  std::array<char, 32> text;
  return std::string{text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

template <class Run>
std::string time_of(const Run& run, std::int64_t now_usec) {
  if (!run.started_usec) return {};
  return show_duration(Microseconds{std::max<std::int64_t>(run.ended_usec.value_or(now_usec) - *run.started_usec, 0)});
}

}  // namespace

Cell state_cell(const proto::Job& job) {
  if (job.outcome) return cell_of(*job.outcome, job);
  std::string text{to_string(job.state)};
  if (job.state != JobState::waiting) return Cell{text, job.state == JobState::running ? Ink::green : Ink::none};
  if (!job.waiting_for.empty()) text += " for " + printable(job.waiting_for);
  return Cell{text, Ink::yellow};
}

Cell outcome_cell(const proto::Attempt& attempt) { return attempt.outcome ? cell_of(*attempt.outcome, attempt) : Cell{}; }

std::string run_time(const proto::Job& job, std::int64_t now_usec) { return time_of(job, now_usec); }
std::string run_time(const proto::Attempt& attempt, std::int64_t now_usec) { return time_of(attempt, now_usec); }

std::string state_time(const std::optional<std::int64_t>& time_usec) {
  return time_usec.value_or(0) == 0 ? std::string{} : show_duration(Microseconds{*time_usec});
}

std::string local_time(std::int64_t usec) { return local("%Y-%m-%d %H:%M:%S", usec); }

std::string local_clock(std::int64_t usec) {
  std::array<char, 8> milliseconds;
  const int size = std::snprintf(milliseconds.data(), milliseconds.size(), ".%03d", static_cast<int>(usec / 1'000 % 1'000));
  return local("%H:%M:%S", usec).append(milliseconds.data(), static_cast<std::size_t>(size));
}

}  // namespace jobpool::cli
