// The messages of org.jobpool.Process, read and written side by side.
#include "proto/json_writer.hpp"
#include "proto/parts.hpp"
#include "proto/process_messages.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool::proto {
namespace {

std::string take_process_name(Fields& fields) {
  std::string name = fields.required_text("name", kMaxQueueNameBytes);
  if (!is_process_name(name)) fields.reject("name");
  return name;
}

void append_process(std::string& out, const Process& process) {
  ObjectWriter object(out);
  object.text("name", process.name);
  object.integer("id", number_of(process.id));
  object.flag("alive", process.alive);
  object.flag("daemonic", process.daemonic);
  object.integer_if("pid", process.pid);
  object.integer_if("parentPid", process.parent_pid);
  object.integer_if("exitCode", process.exit_code);
  object.text("state", to_string(process.state));
  if (process.outcome) object.text("outcome", to_string(*process.outcome));
  object.text_if("reason", process.reason);
  object.text("description", process.description);
  object.integer_if("startedUSec", process.started_usec);
  object.integer_if("endedUSec", process.ended_usec);
  object.close();
}

Result<Process> read_process_object(JsonText value, std::string_view path) {
  Fields fields(value, MessageKind::reply, path);
  Process process;
  process.name = fields.required_text("name");
  process.id = fields.required_id("id");
  process.alive = fields.required_flag("alive");
  process.daemonic = fields.required_flag("daemonic");
  process.pid = take_int(fields, "pid");
  process.parent_pid = take_int(fields, "parentPid");
  process.exit_code = take_int(fields, "exitCode");
  const std::optional<JobState> state = take_state(fields, "state");
  if (!state) fields.reject("state");
  process.state = state.value_or(process.state);
  process.outcome = take_outcome(fields, "outcome");
  process.reason = fields.text("reason").value_or("");
  process.description = fields.required_text("description");
  process.started_usec = fields.integer("startedUSec", 0, kMaxInteger);
  process.ended_usec = fields.integer("endedUSec", 0, kMaxInteger);
  return finished(fields, std::move(process));
}

}  // namespace

bool is_process_name(std::string_view name) { return is_queue_name(name); }

Result<ProcessStartRequest> read_process_start(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  ProcessStartRequest request;
  const auto target = fields.required_object("target");
  if (std::optional<std::string> name = fields.text("name", kMaxQueueNameBytes)) {
    if (!is_process_name(*name)) fields.reject("name");
    request.name = std::move(*name);
  }
  request.daemonic = fields.flag("daemonic").value_or(request.daemonic);
  const std::optional<std::string> key = fields.text("key", kMaxKeyBytes);
  if (key && key->empty()) fields.reject("key");
  request.key = key.value_or("");
  if (auto checked = fields.finish(); !checked) return checked.error();
  Result<Submission> read = read_target(*target);
  if (!read) return read.error();
  request.target = std::move(*read);
  return request;
}

std::string write_process_start(const ProcessStartRequest& request) {
  std::string out = "{\"target\":";
  append_submission(out, request.target);
  std::string rest;
  ObjectWriter object(rest);
  object.text_if("name", request.name);
  object.flag_if("daemonic", request.daemonic);
  object.text_if("key", request.key);
  object.close();
  if (rest != "{}") out.append(",").append(rest, 1, rest.size() - 2);
  return out += '}';
}

Result<ProcessStarted> read_process_started(JsonText parameters) {
  Fields fields(parameters, MessageKind::reply);
  ProcessStarted started;
  started.name = fields.required_text("name");
  started.id = fields.required_id("id");
  return finished(fields, std::move(started));
}

std::string write_process_started(const ProcessStarted& started) {
  return written([&](ObjectWriter& object) {
    object.text("name", started.name);
    object.integer("id", number_of(started.id));
  });
}

Result<ProcessJoinRequest> read_process_join(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  ProcessJoinRequest request;
  request.name = take_process_name(fields);
  request.timeout = fields.duration("timeoutUSec", kMaxTimeout);
  return finished(fields, std::move(request));
}

std::string write_process_join(const ProcessJoinRequest& request) {
  return written([&](ObjectWriter& object) {
    object.text("name", request.name);
    if (request.timeout) object.integer("timeoutUSec", request.timeout->count());
  });
}

Result<std::string> read_process_name(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  return finished(fields, take_process_name(fields));
}

std::string write_process_name(const std::string& name) {
  return written([&](ObjectWriter& object) { object.text("name", name); });
}

Result<bool> read_process_list(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  return finished(fields, fields.flag("all").value_or(false));
}

std::string write_process_list(bool all) {
  return written([&](ObjectWriter& object) { object.flag_if("all", all); });
}

std::string write_process(const Process& process) {
  std::string out = "{\"process\":";
  append_process(out, process);
  return out += '}';
}

Result<Process> read_process(JsonText parameters) {
  const auto object = only_object(parameters, "process", MessageKind::reply);
  if (!object) return object.error();
  return read_process_object(*object, "process");
}

std::string write_processes(const std::vector<Process>& processes) {
  std::string out = "{\"processes\":[";
  for (const Process& process : processes) {
    if (&process != &processes.front()) out += ',';
    append_process(out, process);
  }
  return out += "]}";
}

Result<std::vector<Process>> read_processes(JsonText parameters) {
  Fields fields(parameters, MessageKind::reply);
  const auto array = fields.required_array("processes");
  if (auto checked = fields.finish(); !checked) return checked.error();
  std::vector<Process> processes;
  for (const JsonText value : *array) {
    Result<Process> process = read_process_object(value, "processes");
    if (!process) return process.error();
    processes.push_back(*std::move(process));
  }
  return processes;
}

}  // namespace jobpool::proto
