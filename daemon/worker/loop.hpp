// The worker's life: claim, run, report; sleep when nothing is offered. Worker process, its main thread. Where the pool wants several
// threads, this goes on until the first job is there: then they take over.
#pragma once

#include "common/shm/claim_side.hpp"
#include "daemon/worker/attempt.hpp"
#include "daemon/worker/command/command_runner.hpp"
#include "daemon/worker/desk.hpp"
#include "daemon/worker/function/function_runner.hpp"
#include "daemon/worker/orders.hpp"
#include "daemon/worker/threads.hpp"

namespace jobpool::worker {

class Loop {
 public:
  // All must outlive this. `threads`: null where one is enough.
  Loop(shm::ClaimSide& claims, Orders& orders, CommandRunner& commands, FunctionRunner& functions, Threads* threads, int supervisor_socket);

  // Returns the exit status: 0 after an order to leave, or a function that left lasting damage; 1 when the supervisor is gone or processes
  // of a job could not be killed.
  int run();

 private:
  enum class Next { go_on, leave, abandon };
  Next serve(const shm::Claim& claim);
  Next serve_command(const shm::Claim& claim);
  CommandRunner::Ended run_command(const shm::Claim& claim);
  Next rest();
  bool has_news();

  shm::ClaimSide& claims_;
  Orders& orders_;
  CommandRunner& commands_;
  Desk desk_;
  Threads* const threads_;
  int supervisor_socket_;
  Sequence last_claimed_;
  bool is_orphaned_ = false;
};

}  // namespace jobpool::worker
