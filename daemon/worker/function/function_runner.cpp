// The call itself and the judgement of its answer; see the header.
#include "daemon/worker/function/function_runner.hpp"

#include <cxxabi.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "common/log.hpp"
#include "common/shm/layout.hpp"
#include "daemon/worker/function/call_state.hpp"

namespace jobpool::worker {
namespace {

std::string type_name(const std::exception& error) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : typeid(error).name();
}

void clear(Report& report) {
  report.ending = Ending::returned;
  report.code = 0;
  report.streamed = false;
  report.reason.clear();
  report.error_type.clear();
  report.result.clear();
}

// The interface is C: nothing should be thrown through it. What is thrown all the same costs the job, not the worker.
void call_guarded(const Function& function, const jobpool_call* call, Report& report) {
  try {
    function.run(call, function.data);
  } catch (const abi::__forced_unwind&) {
    throw;  // pthread_exit: this thread is the worker, so the worker ends
  } catch (const std::exception& error) {
    set_failure(report, type_name(error), error.what());
  } catch (...) {
    set_failure(report, "unknown exception", "the function threw something that is no std::exception");
  }
}

void check_result(const Function& function, Report& report) {
  if (report.ending != Ending::returned) return;
  if (report.result.size() > shm::kMaxResultBytes) {
    const std::string size = std::to_string(report.result.size()), limit = std::to_string(shm::kMaxResultBytes);
    set_failure(report, "ResultTooLarge",
                "the result has " + size + " bytes, at most " + limit + " fit; write it to a file and return the file's name");
  } else if (report.result.empty()) {
    report.result = "null";
  } else if (function.origin == Function::Origin::plugin && !nlohmann::json::accept(report.result)) {
    set_failure(report, "BadResult", "plugin '" + function.source + "' answered with text that is not JSON");
  }
}

}  // namespace

FunctionRunner::FunctionRunner(FunctionTable table, std::string sources, ProcessState state, Orders& orders, const WorkerIdentity& worker)
    : table_(std::move(table)),
      sources_(std::move(sources)),
      state_(std::move(state)),
      orders_(orders),
      worker_(worker),
      pid_(::getpid()) {}

FunctionRunner::After FunctionRunner::run(const Attempt& attempt, const FunctionView& spec, Report& report) {
  clear(report);
  const Function* function = table_.find(spec.name);
  if (function == nullptr) {
    report_unknown(spec.name, report);
    return After::go_on;
  }
  const CallState state(attempt, spec, worker_, orders_, report);
  call_guarded(*function, state.call(), report);
  const After after = clear_up(*function, spec.name);
  check_result(*function, report);
  return after;
}

FunctionRunner::After FunctionRunner::clear_up(const Function& function, std::string_view name) const {
  if (function.origin == Function::Origin::built_in) return After::go_on;
  if (::getpid() != pid_) {
    // It would report, and claim jobs, beside the worker that it is a copy of.
    log::error("function '{}' forked, and returned in the child as well; ending the child", name);
    ::_exit(EXIT_FAILURE);
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
