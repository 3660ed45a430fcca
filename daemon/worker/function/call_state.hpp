// One call of a function as the function sees it: the worker's half of jobpool_task.h. Worker process,
// the thread that runs it.
#pragma once

#include <string_view>

#include "common/clock.hpp"
#include "common/job/report.hpp"
#include "common/job/spec.hpp"
#include "daemon/worker/attempt.hpp"
#include "daemon/worker/include/jobpool_task.h"
#include "daemon/worker/orders.hpp"

namespace jobpool::worker {

// Makes `report` say that the function failed.
void set_failure(Report& report, std::string_view type, std::string_view message);

class CallState {
 public:
  // A large result that is a part of the arguments: stays there (report.result_in_place), or is copied like any other.
  enum class InPlace { no, yes };
  // All references must outlive this. Answers of the function go to `report`.
  CallState(const Attempt& attempt, const FunctionView& spec, const WorkerIdentity& worker, Orders& orders, Report& report,
            InPlace in_place = InPlace::no);

  CallState(const CallState&) = delete;
  CallState& operator=(const CallState&) = delete;

  const jobpool_call* call() const { return &call_; }

  // Of the next call, where one job has several. They must outlive it.
  void set_arguments(std::string_view arguments) {
    call_.arguments = arguments.data();
    call_.arguments_length = arguments.size();
  }
  // As the function asks it.
  bool is_to_stop() { return should_stop(&call_) != 0; }

 private:
  static CallState& of(const jobpool_call* call) { return *static_cast<CallState*>(call->worker_data); }
  static void set_result(const jobpool_call* call, const char* json, size_t length);
  static void set_error(const jobpool_call* call, const char* type, const char* message);
  static int should_stop(const jobpool_call* call);
  static int sleep(const jobpool_call* call, int64_t microseconds);

  void read_orders();

  jobpool_call call_;
  Sequence sequence_;
  Orders& orders_;
  Report& report_;
  const InPlace in_place_;
  bool must_stop_ = false;
  TimePoint look_again_{};  // the orders socket is not read before
};

}  // namespace jobpool::worker
