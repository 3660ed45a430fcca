// The messages of org.jobpool.Process as C++ types: what messages.hpp is for the other interfaces, by the same rules.
// Used by the broker (reads requests, writes replies) and by the client library (the other way round).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/messages.hpp"

namespace jobpool::proto {

inline constexpr std::string_view kProcessPool = "processes";

// 1 to 64 bytes of A-Z a-z 0-9 . _ -
bool is_process_name(std::string_view name);

struct ProcessStartRequest {
  Submission target;  // a function with its arguments, or a command; nothing of a queue, no chunk, no descriptors
  std::string name;   // empty: the daemon finds one
  bool daemonic = false;
  std::string key;  // empty: none
};
Result<ProcessStartRequest> read_process_start(JsonText parameters);
std::string write_process_start(const ProcessStartRequest& request);

struct ProcessStarted {
  std::string name;
  JobId id;
};
Result<ProcessStarted> read_process_started(JsonText parameters);
std::string write_process_started(const ProcessStarted& started);

struct ProcessJoinRequest {
  std::string name;
  std::optional<Microseconds> timeout;
};
Result<ProcessJoinRequest> read_process_join(JsonText parameters);
std::string write_process_join(const ProcessJoinRequest& request);

Result<std::string> read_process_name(JsonText parameters);  // of Alive, Show, Terminate, Kill
std::string write_process_name(const std::string& name);

Result<bool> read_process_list(JsonText parameters);  // whether all are meant
std::string write_process_list(bool all);

struct Process {
  std::string name;
  JobId id;
  bool alive = false, daemonic = false;
  std::optional<int> pid, parent_pid, exit_code;
  JobState state = JobState::ready;
  std::optional<Outcome> outcome;
  std::string reason, description;
  std::optional<std::int64_t> started_usec, ended_usec;
};
std::string write_process(const Process& process);  // {"process": {…}}
Result<Process> read_process(JsonText parameters);
std::string write_processes(const std::vector<Process>& processes);  // {"processes": […]}
Result<std::vector<Process>> read_processes(JsonText parameters);

}  // namespace jobpool::proto
