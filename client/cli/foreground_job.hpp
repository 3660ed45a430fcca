// A job in the foreground: one Apply that tells its id first (`more`), and Ctrl-C passed on to the job.
//
//   first Ctrl-C    SIGINT to a command; a function is cancelled, and so is what has not started
//   second          cancel: TERM, the job's grace, KILL
//   third           KILL at once
//   fourth          leave: the daemon does not answer (its hang-up rule cancels the job)
//   any, detached   leave the job running and say its id
//
// Signals are read from a descriptor in the poll loop; nothing happens inside a handler.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "client/lib/recovering_call.hpp"
#include "common/ids.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {

enum class OnInterrupt { stop_job, detach };

class ForegroundJob {
 public:
  // `fds` are lent until run() returns.
  ForegroundJob(client::Connections& connections, const proto::Submission& job, std::vector<int> fds, OnInterrupt on_interrupt);

  // Waits for the end; nullopt: left on Ctrl-C, with all said that there is to say (exit 130).
  // Errors: what the daemon said; those of RecoveringCall::next.
  Result<std::optional<proto::Ending>> run();
  // The job is over: Ctrl-C ends this process again, and one that came too late for the job ends nothing.
  void leave_interrupts() const;

 private:
  enum class Ladder { stay, leave };

  Ladder on_press();
  Ladder act();
  void send_stop(std::string_view method, const std::string& parameters);
  void read_stop_reply();
  Result<std::optional<proto::Ending>> take(const client::Reply& reply);
  std::array<pollfd, 2> watched() const;

  client::Connections& connections_;  // must outlive the job
  client::RecoveringCall call_;
  const bool is_function_;
  const OnInterrupt on_interrupt_;
  UniqueFd signals_;
  std::optional<JobId> id_;  // known after the first reply
  int presses_ = 0;
  int acted_ = 0;                            // presses that were passed on
  std::optional<client::Connection> stops_;  // Kill and Cancel go beside the call, which keeps its connection busy; the last one
  std::vector<client::Connection> older_stops_;
};

}  // namespace jobpool::cli
