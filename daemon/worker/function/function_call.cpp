// The call itself and the judgement of its answer; see the header.
#include "daemon/worker/function/function_call.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "common/shm/layout.hpp"
#include "daemon/worker/function/call_state.hpp"

namespace jobpool::worker {
namespace {

std::string type_name(const std::exception& error) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : typeid(error).name();
}

// The commonest result of all, for which the parser need not be called.
bool is_short_integer(std::string_view text) {
  constexpr std::size_t kMostDigits = 20;
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || text.size() > kMostDigits || (text.front() == '0' && text.size() > 1)) return false;
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

void clear(Report& report) {
  report.ending = Ending::returned;
  report.code = 0;
  report.streamed = false;
  report.stopped = false;
  report.user_usec = report.system_usec = report.max_rss_bytes = 0;
  report.reason.clear();
  report.error_type.clear();
  report.result.clear();
  report.result_in_place = {};
}

// The interface is C: nothing should be thrown through it. What is thrown all the same costs the job, not the worker.
void call_guarded(const Function& function, const jobpool_call* call, Report& report) {
  try {
    function.run(call, function.data);
  } catch (const abi::__forced_unwind&) {
    throw;  // pthread_exit: the worker ends with this thread, as the claim would have nobody to report it
  } catch (const std::exception& error) {
    set_failure(report, type_name(error), error.what());
  } catch (...) {
    set_failure(report, "unknown exception", "the function threw something that is no std::exception");
  }
}

void check_result(const Function& function, Report& report) {
  if (report.ending != Ending::returned) return;
  const std::string_view result = report.result_in_place.empty() ? report.result : report.result_in_place;
  if (result.size() > shm::kMaxResultBytes) {
    const std::string size = std::to_string(result.size()), limit = std::to_string(shm::kMaxResultBytes);
    set_failure(report, "ResultTooLarge",
                "the result has " + size + " bytes, at most " + limit + " fit; write it to a file and return the file's name");
  } else if (result.empty()) {
    report.result = "null";
  } else if (function.origin == Function::Origin::plugin && !is_short_integer(result) && !nlohmann::json::accept(result)) {
    set_failure(report, "BadResult", "plugin '" + function.source + "' answered with text that is not JSON");
  }
}

}  // namespace jobpool::worker
