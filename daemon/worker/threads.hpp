// The threads of a worker whose pool wants more than one (Python's ThreadPool): each claims, runs and reports functions by itself, while
// the main thread reads orders for all of them. They live as long as the process: nobody can end one of them alone.
// Worker process. Not for commands: a working directory, an environment, a child to wait for belong to the process.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "common/result.hpp"
#include "common/shm/claim_side.hpp"
#include "common/unique_fd.hpp"
#include "daemon/worker/function/function_runner.hpp"
#include "daemon/worker/orders.hpp"

namespace jobpool::worker {

class Desk;

class Threads {
 public:
  // All must outlive this.
  Threads(shm::ClaimSide& claims, Orders& orders, FunctionRunner& functions) : claims_(claims), orders_(orders), functions_(functions) {}
  // Without run(): they end without having done anything.
  ~Threads();
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  // As many as whoever made the segment says. They wait for run(): before it the worker may still have to be set up, and what that fails
  // for must never run a job. Errors: io: the system has no room for another thread.
  Result<void> start();

  // Serves that claim and all that follow; returns when the worker is to leave and all is done. Ends the process when the supervisor is
  // gone.
  void run(const shm::Claim& first);

 private:
  enum class Gate { closed, open, over };

  void live(std::uint32_t thread);
  bool pass_gate();
  void open(Gate gate);
  void work(std::uint32_t thread);
  void serve(Desk& desk, const shm::Claim& claim);

  shm::ClaimSide& claims_;
  Orders& orders_;
  FunctionRunner& functions_;
  std::mutex guard_;  // of the gate and of how many there are
  std::condition_variable gate_moved_;
  Gate gate_ = Gate::closed;
  std::uint32_t at_work_ = 0;
  std::optional<shm::Claim> first_;  // written before the gate opens
  UniqueFd ended_;                   // eventfd: the last of them has
  std::vector<std::thread> threads_;
};

}  // namespace jobpool::worker
