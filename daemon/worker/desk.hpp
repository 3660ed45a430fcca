// Where one thread serves functions: it has the claim run, and reports it. Worker process; each thread has its own.
#pragma once

#include <cstddef>
#include <vector>

#include "common/job/report.hpp"
#include "common/shm/claim_side.hpp"
#include "daemon/worker/attempt.hpp"
#include "daemon/worker/function/function_runner.hpp"

namespace jobpool::worker {

Attempt attempt_of(const shm::Claim& claim);

class Desk {
 public:
  // Both must outlive this.
  Desk(shm::ClaimSide& claims, FunctionRunner& functions);

  // Called when the function has been run, before its end is told.
  using BeforeReport = function_ref<void(FunctionRunner::After)>;
  FunctionRunner::After serve_function(
      const shm::Claim& claim, BeforeReport before_report = [](FunctionRunner::After) {});

  enum class SetUp { well, failed };
  SetUp set_up(const shm::Claim& claim);

  void report(const shm::Claim& claim, Report report);

 private:
  void send(const shm::Claim& claim);

  shm::ClaimSide& claims_;
  FunctionRunner& functions_;
  const int pid_;
  Report report_;                   // reused, so that its strings keep their room
  std::vector<std::byte> encoded_;  // likewise
};

}  // namespace jobpool::worker
