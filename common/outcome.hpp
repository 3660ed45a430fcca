// The words a job's life is told in, the same in the core, the protocol, the CLI and the tests.
// State: the three classic process states and the end. Outcome: how it ended, exactly one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace jobpool {

enum class JobState : std::uint8_t {
  ready,    // could run now, waits for a worker
  running,  // a worker has started it
  waiting,  // needs a condition first: a delay, a dependency, a retry's back-off, a paused pool
  done,     // has its outcome
};

enum class Outcome : std::uint8_t {
  succeeded,    // exit code 0, or the function returned
  failed,       // another exit code, or the function threw
  crashed,      // died of a signal
  timed_out,    // stopped because its time was up
  cancelled,    // stopped, or never started, because somebody asked for that
  skipped,      // a job it depends on did not succeed
  interrupted,  // unknown: the worker, the daemon or the host died while it may have run
  poison,       // killed its worker too often to be tried again
};
inline constexpr std::size_t kOutcomeCount = 8;

std::string_view to_string(JobState state);
std::string_view to_string(Outcome outcome);
std::optional<JobState> job_state_from(std::string_view name);
std::optional<Outcome> outcome_from(std::string_view name);

}  // namespace jobpool
