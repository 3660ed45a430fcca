// The table of outcomes, exit codes and messages.
#include "client/cli/exit_code.hpp"

#include <csignal>

#include "client/cli/signal_name.hpp"
#include "client/cli/tell.hpp"

namespace jobpool::cli {
namespace {

constexpr int kFirstSignalCode = 128;
constexpr int kNotStarted = 125;  // and above, up to 127: the command could not be started, and cannot say so itself
constexpr int kNotFound = 127;

std::string failure_message(const proto::Ending& ending) {
  if (!ending.error_type.empty()) return ending.error_type + ": " + ending.reason;
  const bool silent = !ending.exit_code || *ending.exit_code < kNotStarted || *ending.exit_code > kNotFound;
  if (ending.exit_code && silent) return {};
  return ending.reason;
}

// A function's is its worker's death, which says nothing more.
std::string why_killed(const proto::Ending& ending) {
  return ending.reason.empty() || ending.reason.starts_with("worker ") ? "" : ": " + ending.reason;
}

}  // namespace

int exit_code(const proto::Ending& ending) {
  switch (ending.outcome) {
    case Outcome::succeeded:
      return ending.exit_code.value_or(0);
    case Outcome::failed:
      return ending.exit_code.value_or(1);
    case Outcome::crashed:
      return ending.signal ? kFirstSignalCode + *ending.signal : kExitFailed;
    case Outcome::timed_out:
      return kExitTimedOut;
    default:
      return kExitFailed;
  }
}

std::string ending_message(const proto::Ending& ending) {
  const std::string job = "job " + std::to_string(ending.id.value) + ": ";
  switch (ending.outcome) {
    case Outcome::succeeded:
      return {};
    case Outcome::failed:
      return failure_message(ending);
    case Outcome::crashed:
      // As shells do: who pressed Ctrl-C, or closed the pipe, knows.
      if (const int signal = ending.signal.value_or(0); signal == SIGINT || signal == SIGPIPE) return {};
      if (ending.signal)
        return job + "died of signal " + std::to_string(*ending.signal) + " (" + signal_name(*ending.signal) + ")" + why_killed(ending);
      return job + "crashed" + (ending.reason.empty() ? "" : ": " + ending.reason);
    case Outcome::timed_out:  // not to be mixed up with the time-out of who waits, which is 124 as well
      return job + "timed_out: " + (ending.reason.empty() ? "it ran longer than it was allowed to, and was stopped" : ending.reason);
    default:
      return job + std::string{to_string(ending.outcome)} + (ending.reason.empty() ? "" : ": " + ending.reason);
  }
}

}  // namespace jobpool::cli
