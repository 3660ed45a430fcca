// Finds the function, has it called, and clears up behind it; see the header.
#include "daemon/worker/function/function_runner.hpp"

#include <unistd.h>

#include <cstdlib>
#include <new>
#include <utility>

#include "common/log.hpp"
#include "daemon/worker/descriptor_room.hpp"
#include "daemon/worker/function/call_state.hpp"
#include "daemon/worker/function/chunk_run.hpp"
#include "daemon/worker/function/function_call.hpp"
#include "daemon/worker/left_children.hpp"

namespace jobpool::worker {
namespace {

constexpr std::string_view kNoRoomForResult =
    "there was no memory left for the result beside the function; use smaller chunks, or a pool with a higher memory limit";

}  // namespace

FunctionRunner::FunctionRunner(FunctionTable table, std::string sources, ProcessState state, Orders& orders, const WorkerIdentity& worker,
                               Threads threads)
    : table_(std::move(table)),
      sources_(std::move(sources)),
      state_(std::move(state)),
      orders_(orders),
      worker_(worker),
      threads_(threads),
      pid_(::getpid()) {}

FunctionRunner::After FunctionRunner::run(const Attempt& attempt, const FunctionView& spec, Report& report,
                                          std::atomic<std::uint32_t>& item) {
  clear(report);
  const Function* function = table_.find(spec.name);
  if (function == nullptr) {
    report_unknown(spec.name, report);
    return After::go_on;
  }
  try {
    return run_known(*function, attempt, spec, report, item);
  } catch (const std::bad_alloc&) {
    // Not in the function, which is guarded by itself, but where its result was joined or checked: that has to give room first.
    report = Report{};
    item.store(0, std::memory_order_relaxed);
    set_failure(report, "std::bad_alloc", kNoRoomForResult);
    return clear_up(*function, spec.name);
  }
}

FunctionRunner::After FunctionRunner::run_known(const Function& function, const Attempt& attempt, const FunctionView& spec, Report& report,
                                                std::atomic<std::uint32_t>& item) {
  // Built-in ones leave none, and wait for none that this would take away.
  if (function.origin != Function::Origin::built_in && threads_ == Threads::one) reap_left_children();
  if (spec.shape == FunctionShape::chunk) {
    run_chunk({attempt, spec, worker_, orders_, function, fork_mark_, item}, report);
    return clear_up(function, spec.name);
  }
  const CallState state(attempt, spec, worker_, orders_, report, CallState::InPlace::yes);
  call_guarded(function, state.call(), report);
  const After after = clear_up(function, spec.name);
  check_result(function, report);
  return after;
}

void FunctionRunner::set_up(Sequence sequence, const WorkerSetup& setup, Report& report) {
  clear(report);
  if (auto set = memory_.set(setup.memory_bytes); !set) return set_failure(report, "MemoryLimit", set.error().text);
  if (setup.function.empty()) return;
  const Function* function = table_.find(setup.function);
  if (function == nullptr) return report_unknown(setup.function, report);
  const CallState state({sequence, JobId{}, 1}, {setup.function, setup.pool, setup.arguments}, worker_, orders_, report);
  call_guarded(*function, state.call(), report);
  if (::getpid() != pid_) ::_exit(EXIT_FAILURE);  // see clear_up()
  check_result(*function, report);
  report.result.clear();
  auto changed = ProcessState::capture();
  if (changed)
    state_ = std::move(*changed);
  else if (report.ending == Ending::returned)
    set_failure(report, "Initializer", changed.error().text);
}

FunctionRunner::After FunctionRunner::clear_up(const Function& function, std::string_view name) const {
  if (function.origin == Function::Origin::built_in) return After::go_on;
  if (::getpid() != pid_) {
    // It would report, and claim jobs, beside the worker that it is a copy of.
    log::error("function '{}' forked, and returned in the child as well; ending the child", name);
    ::_exit(EXIT_FAILURE);
  }
  // What it has leaked would make the next ones fail.
  if (memory_.is_nearly_reached()) {
    log::info("the pool's memory limit is nearly reached after function '{}'; leaving when it is reported", name);
    return After::leave;
  }
  const After after = restore(name);
  if (after != After::go_on || !is_short_of_descriptors()) return after;
  log::warn("function '{}', or one before it, left so many descriptors open that few are left; leaving when it is reported", name);
  return After::leave;
}

FunctionRunner::After FunctionRunner::restore(std::string_view name) const {
  if (threads_ == Threads::side_by_side) {
    state_.restore_thread();
    return After::go_on;
  }
  if (state_.restore() == ProcessState::Restored::yes) return After::go_on;
  log::warn("function '{}' lowered a hard resource limit, which cannot be taken back; leaving when it is reported", name);
  return After::leave;
}

void FunctionRunner::report_unknown(std::string_view name, Report& report) const {
  set_failure(report, "NoSuchFunction",
              "no function '" + std::string(name) + "' is registered; known are " + table_.names() + "; plugins come from " + sources_);
}

}  // namespace jobpool::worker
