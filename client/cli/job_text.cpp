// Words for states, times and durations of jobs.
#include "client/cli/job_text.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "client/cli/duration.hpp"
#include "client/cli/signal_name.hpp"

namespace jobpool::cli {

Cell state_cell(const proto::Job& job) {
  if (!job.outcome) {
    const bool waits = job.state == JobState::waiting;
    return Cell{std::string{to_string(job.state)}, waits ? Ink::yellow : job.state == JobState::running ? Ink::green : Ink::none};
  }
  std::string text{to_string(*job.outcome)};
  if (*job.outcome == Outcome::succeeded) return Cell{text};
  if (*job.outcome == Outcome::failed && job.exit_code) text += " " + std::to_string(*job.exit_code);
  if (*job.outcome == Outcome::failed && !job.error_type.empty()) text += " " + printable(job.error_type);
  if (*job.outcome == Outcome::crashed && job.signal) text += " " + signal_name(*job.signal);
  return Cell{text, Ink::red};
}

std::string run_time(const proto::Job& job, std::int64_t now_usec) {
  if (!job.started_usec) return {};
  return show_duration(Microseconds{std::max<std::int64_t>(job.ended_usec.value_or(now_usec) - *job.started_usec, 0)});
}

std::string local_time(std::int64_t usec) {
  const std::time_t seconds = usec / 1'000'000;
  std::tm parts{};
  if (::localtime_r(&seconds, &parts) == nullptr) return std::to_string(seconds);
  std::array<char, 32> text;
  return std::string{text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts)};
}

}  // namespace jobpool::cli
