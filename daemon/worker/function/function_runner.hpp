// Runs one function in this process and fills in its report. Worker process: its one thread, or several of them side by side.
// The call of a built-in function makes no system call and, once its buffers have grown, no allocation.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/fork_mark.hpp"
#include "common/job/report.hpp"
#include "common/job/setup.hpp"
#include "common/job/spec.hpp"
#include "daemon/worker/attempt.hpp"
#include "daemon/worker/function/function_table.hpp"
#include "daemon/worker/function/memory_limit.hpp"
#include "daemon/worker/function/process_state.hpp"
#include "daemon/worker/orders.hpp"

namespace jobpool::worker {

class FunctionRunner {
 public:
  // side_by_side: several threads call run() at once. What belongs to the process (environment, working directory, umask, limits) is then
  // nobody's to put back: another function may be in the middle of using it.
  enum class Threads { one, side_by_side };
  // `orders` and `worker` must outlive this. `sources`: where functions come from, for the error of an unknown name.
  FunctionRunner(FunctionTable table, std::string sources, ProcessState state, Orders& orders, const WorkerIdentity& worker,
                 Threads threads = Threads::one);

  enum class After { go_on, leave };  // leave: the function changed the worker for good; it must not run anything else
  // Fills `report`, whose strings' capacity is reused. The result may be longer than kMaxInlineResult: the caller streams it then.
  // `item`: where to say which item of a chunk runs.
  After run(const Attempt& attempt, const FunctionView& spec, Report& report, std::atomic<std::uint32_t>& item);

  // What the pool wants of a fresh worker, while nothing else runs. What its initializer changes (environment, working directory, umask,
  // signal mask, limits) stays: later functions find it so, and are cleared up after to that.
  void set_up(Sequence sequence, const WorkerSetup& setup, Report& report);

 private:
  After run_known(const Function& function, const Attempt& attempt, const FunctionView& spec, Report& report,
                  std::atomic<std::uint32_t>& item);
  After clear_up(const Function& function, std::string_view name) const;
  After restore(std::string_view name) const;
  void report_unknown(std::string_view name, Report& report) const;

  FunctionTable table_;
  std::string sources_;
  ProcessState state_;
  Orders& orders_;
  const WorkerIdentity& worker_;
  const Threads threads_;
  MemoryLimit memory_;
  const pid_t pid_;
  const ForkMark fork_mark_;
};

}  // namespace jobpool::worker
