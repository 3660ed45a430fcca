// Varlink's envelope: calls and replies around the typed messages, and the names of methods and errors. No I/O.
#pragma once

#include <string>
#include <string_view>

#include "common/function_ref.hpp"
#include "common/result.hpp"
#include "proto/json_text.hpp"

namespace jobpool::proto {

struct CallEnvelope {
  std::string method;   // "interface.Method"
  JsonText parameters;  // an object, or null, which is as an empty one; in the message's text, as long as that is there
  bool oneway = false, more = false, upgrade = false;
};

// Errors: protocol (broken JSON, invalid UTF-8, not an object, no method, a flag that is no boolean, two flags, an unknown top-level key
// without a dot): the connection is to be closed without an answer. `runs`: what its decoder knows of it.
Result<CallEnvelope> read_call(std::string_view message, const LongRuns* runs = nullptr);
enum class CallMode { plain, oneway, more };
std::string write_call(std::string_view method, std::string_view parameters_json, CallMode mode = CallMode::plain);  // with its final NUL

struct ReplyEnvelope {
  JsonText parameters;  // likewise
  std::string error;    // empty: none
  bool continues = false;
};
// Errors: protocol.
Result<ReplyEnvelope> read_reply(std::string_view message, const LongRuns* runs = nullptr);

// All with their final NUL, appended to `out`. `parameters_json` may be empty or "{}": then it is left out.
void append_reply(std::string& out, std::string_view parameters_json, bool continues = false);
// Likewise, where `write_parameters` appends them.
void append_reply(std::string& out, function_ref<void(std::string& out)> write_parameters);
void append_error(std::string& out, std::string_view name, std::string_view parameters_json);

// The text of an interface file, as GetInterfaceDescription answers it; empty: no such interface.
std::string_view interface_description(std::string_view interface);
// {"vendor": …, "interfaces": […]}
std::string service_info();

namespace error {  // names of the errors that the interface files declare
inline constexpr std::string_view kInterfaceNotFound = "org.varlink.service.InterfaceNotFound";
inline constexpr std::string_view kMethodNotFound = "org.varlink.service.MethodNotFound";
inline constexpr std::string_view kMethodNotImplemented = "org.varlink.service.MethodNotImplemented";
inline constexpr std::string_view kInvalidParameter = "org.varlink.service.InvalidParameter";
inline constexpr std::string_view kPermissionDenied = "org.varlink.service.PermissionDenied";
inline constexpr std::string_view kExpectedMore = "org.varlink.service.ExpectedMore";
inline constexpr std::string_view kExpectedUpgrade = "org.varlink.service.ExpectedUpgrade";
inline constexpr std::string_view kNoSuchPool = "org.jobpool.Pool.NoSuchPool";
inline constexpr std::string_view kPoolNotRunning = "org.jobpool.Pool.PoolNotRunning";
inline constexpr std::string_view kPoolStillRunning = "org.jobpool.Pool.PoolStillRunning";
inline constexpr std::string_view kPoolExists = "org.jobpool.Pool.PoolExists";
inline constexpr std::string_view kInvalidPool = "org.jobpool.Pool.InvalidPool";
inline constexpr std::string_view kQueueFull = "org.jobpool.Pool.QueueFull";
inline constexpr std::string_view kKeyConflict = "org.jobpool.Pool.KeyConflict";
inline constexpr std::string_view kStoreFull = "org.jobpool.Pool.StoreFull";
inline constexpr std::string_view kNoSuchDependency = "org.jobpool.Pool.NoSuchDependency";
inline constexpr std::string_view kInvalidJob = "org.jobpool.Pool.InvalidJob";
inline constexpr std::string_view kNoSuchJob = "org.jobpool.Job.NoSuchJob";
inline constexpr std::string_view kTimedOut = "org.jobpool.Job.TimedOut";
inline constexpr std::string_view kNotReady = "org.jobpool.Job.NotReady";
inline constexpr std::string_view kNotEnded = "org.jobpool.Job.NotEnded";
inline constexpr std::string_view kNotRetryable = "org.jobpool.Job.NotRetryable";
inline constexpr std::string_view kReloadRefused = "org.jobpool.Pool.ReloadRefused";
inline constexpr std::string_view kTooManyListeners = "org.jobpool.Pool.TooManyListeners";
inline constexpr std::string_view kNotRunning = "org.jobpool.Job.NotRunning";
inline constexpr std::string_view kNotBegun = "org.jobpool.Job.NotBegun";
inline constexpr std::string_view kNoOutput = "org.jobpool.Job.NoOutput";
inline constexpr std::string_view kNoSuchQueue = "org.jobpool.Queue.NoSuchQueue";
inline constexpr std::string_view kQueueExists = "org.jobpool.Queue.QueueExists";
inline constexpr std::string_view kNamedQueueFull = "org.jobpool.Queue.QueueFull";
inline constexpr std::string_view kQueueEmpty = "org.jobpool.Queue.QueueEmpty";
inline constexpr std::string_view kQueueTimedOut = "org.jobpool.Queue.TimedOut";
inline constexpr std::string_view kDoneTooOften = "org.jobpool.Queue.DoneTooOften";
inline constexpr std::string_view kTooManyQueues = "org.jobpool.Queue.TooManyQueues";
inline constexpr std::string_view kTooManyWaiters = "org.jobpool.Queue.TooManyWaiters";
inline constexpr std::string_view kQueueStoreFull = "org.jobpool.Queue.StoreFull";
inline constexpr std::string_view kQueueKeyConflict = "org.jobpool.Queue.KeyConflict";
inline constexpr std::string_view kNoSuchProcess = "org.jobpool.Process.NoSuchProcess";
inline constexpr std::string_view kProcessExists = "org.jobpool.Process.ProcessExists";
inline constexpr std::string_view kProcessTimedOut = "org.jobpool.Process.TimedOut";
}  // namespace error

// {"name": "text"} with the text escaped; what most errors carry.
std::string one_field(std::string_view name, std::string_view text);

}  // namespace jobpool::proto
