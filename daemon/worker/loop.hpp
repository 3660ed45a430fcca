// The worker's life: claim, run, report; sleep when nothing is offered. Worker process, its one thread.
#pragma once

#include <vector>

#include "common/job/report.hpp"
#include "common/shm/claim_side.hpp"
#include "daemon/worker/attempt.hpp"
#include "daemon/worker/command/command_runner.hpp"
#include "daemon/worker/function/function_runner.hpp"
#include "daemon/worker/orders.hpp"

namespace jobpool::worker {

class Loop {
 public:
  // All must outlive this.
  Loop(shm::ClaimSide& claims, Orders& orders, CommandRunner& commands, FunctionRunner& functions, int supervisor_socket);

  // Returns the exit status: 0 after an order to leave, or a function that left lasting damage; 1 when the supervisor is gone or processes
  // of a job could not be killed.
  int run();

 private:
  enum class Next { go_on, leave, abandon };
  Next serve(const shm::Claim& claim);
  Next serve_function(const shm::Claim& claim);
  Next serve_setup(const shm::Claim& claim);
  Next serve_command(const shm::Claim& claim);
  CommandRunner::Ended run_command(const shm::Claim& claim);
  Next rest();
  bool has_news();
  void report(const shm::Claim& claim);

  shm::ClaimSide& claims_;
  Orders& orders_;
  CommandRunner& commands_;
  FunctionRunner& functions_;
  int supervisor_socket_;
  int pid_;
  bool is_orphaned_ = false;
  Report report_;                   // reused, so that its strings keep their room
  std::vector<std::byte> encoded_;  // likewise
};

}  // namespace jobpool::worker
