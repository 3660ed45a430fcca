// The items of a chunk of a map, run one after the other, and the one result that they make:
//
//   {"results":[R,…]}                                                          all returned
//   {"results":[R,null,…],"errors":[{"index":N,"errorType":"…","reason":"…"},…]}  some did not; N is the place in `results`, from 0
//
// One item that fails harms no other; the job is then one that failed, with that result. Between items nothing is restored (environment,
// folder, …): they are one job. Worker process, any of its threads.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/fork_mark.hpp"
#include "common/job/report.hpp"
#include "common/job/spec.hpp"
#include "daemon/worker/attempt.hpp"
#include "daemon/worker/function/function_table.hpp"
#include "daemon/worker/orders.hpp"

namespace jobpool::worker {

struct ChunkWork {
  const Attempt& attempt;
  const FunctionView& spec;
  const WorkerIdentity& worker;
  Orders& orders;
  const Function& function;
  const ForkMark& fork_mark;
  std::atomic<std::uint32_t>& item;  // says which one runs, for whoever finds this worker dead
};

// Fills `report`. A stop order is obeyed between items. Requires: the report is cleared.
void run_chunk(const ChunkWork& work, Report& report);

}  // namespace jobpool::worker
