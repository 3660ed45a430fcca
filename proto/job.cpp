// What is known of a job: the reply of Show and List.
#include "proto/fields.hpp"
#include "proto/json_writer.hpp"
#include "proto/messages.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {
namespace {

JobState require_state(Fields& fields, std::string_view name) {
  const std::optional<JobState> state = take_state(fields, name);
  if (!state) fields.reject(name);
  return state.value_or(JobState::ready);
}

template <class Part>
Result<std::vector<Part>> read_parts(const std::optional<JsonTexts>& array, std::string_view path, Part (*read)(Fields&)) {
  std::vector<Part> parts;
  if (!array) return parts;
  for (const JsonText object : *array) {
    Fields fields(object, MessageKind::reply, path);
    parts.push_back(read(fields));
    if (auto checked = fields.finish(); !checked) return checked.error();
  }
  return parts;
}

template <class Part>
void write_parts(ObjectWriter& object, std::string_view name, const std::vector<Part>& parts, void (*append)(std::string&, const Part&)) {
  if (parts.empty()) return;
  std::string& out = object.key(name);
  for (const Part& part : parts) {
    out += &part == &parts.front() ? '[' : ',';
    append(out, part);
  }
  out += ']';
}

void write_terms(ObjectWriter& object, const Job& job) {
  if (job.durable) object.flag("durable", *job.durable);
  object.integer_if("priority", job.priority);
  object.integer_if("retries", job.retries);
  object.integer_if("notBeforeUSec", job.not_before_usec);
  object.text_if("waitingFor", job.waiting_for);
  write_ids_if(object, "after", job.after);
  write_ids_if(object, "afterAny", job.after_any);
  write_ids_if(object, "afterFailed", job.after_failed);
  object.text_if("key", job.key);
  if (job.retry_of) object.integer("retryOf", static_cast<std::int64_t>(job.retry_of->value));
  object.integer_if("sinceUSec", job.since_usec);
  object.integer_if("readyTimeUSec", job.ready_time_usec);
  object.integer_if("runningTimeUSec", job.running_time_usec);
  object.integer_if("waitingTimeUSec", job.waiting_time_usec);
  write_parts(object, "attempts", job.attempts, append_attempt);
  write_parts(object, "history", job.history, append_period);
}

void take_terms(Fields& fields, Job& job) {
  job.durable = fields.flag("durable");
  job.priority = take_int(fields, "priority");
  job.retries = take_int(fields, "retries");
  job.not_before_usec = fields.integer("notBeforeUSec", 0, kMaxInteger);
  job.waiting_for = fields.text("waitingFor").value_or("");
  job.after = fields.ids("after", kAnyLength);
  job.after_any = fields.ids("afterAny", kAnyLength);
  job.after_failed = fields.ids("afterFailed", kAnyLength);
  job.key = fields.text("key").value_or("");
  if (const auto id = fields.integer("retryOf", 1, kMaxInteger)) job.retry_of = JobId{static_cast<std::uint64_t>(*id)};
  job.since_usec = fields.integer("sinceUSec", 0, kMaxInteger);
  job.ready_time_usec = fields.integer("readyTimeUSec", 0, kMaxInteger);
  job.running_time_usec = fields.integer("runningTimeUSec", 0, kMaxInteger);
  job.waiting_time_usec = fields.integer("waitingTimeUSec", 0, kMaxInteger);
}

void append_job(std::string& out, const Job& job) {
  ObjectWriter object(out);
  object.integer("id", static_cast<std::int64_t>(job.id.value));
  object.text("pool", job.pool);
  object.text_if("name", job.name);
  object.text("description", job.description);
  object.text("state", to_string(job.state));
  if (job.outcome) object.text("outcome", to_string(*job.outcome));
  object.integer_if("exitCode", job.exit_code);
  object.integer_if("signal", job.signal);
  object.text_if("reason", job.reason);
  object.text_if("errorType", job.error_type);
  object.integer("attempt", job.attempt);
  object.integer_if("worker", job.worker);
  object.integer_if("pid", job.pid);
  object.integer("submittedUSec", job.submitted_usec);
  object.integer_if("startedUSec", job.started_usec);
  object.integer_if("endedUSec", job.ended_usec);
  write_resources(object, job.resources);
  write_terms(object, job);
  object.close();
}

}  // namespace

std::string write_job(const Job& job) {
  std::string out = "{\"job\":";
  append_job(out, job);
  out += '}';
  return out;
}

nlohmann::json job_object(const Job& job) {
  std::string text;
  append_job(text, job);
  return parse_own(text);
}

Result<Job> read_job(JsonText parameters) {
  const auto object = only_object(parameters, "job", MessageKind::reply);
  if (!object) return object.error();
  Fields fields(*object, MessageKind::reply, "job");
  Job job;
  job.id = fields.required_id("id");
  job.pool = fields.required_text("pool");
  job.name = fields.text("name").value_or("");
  job.description = fields.required_text("description");
  job.state = require_state(fields, "state");
  job.outcome = take_outcome(fields, "outcome");
  job.exit_code = take_int(fields, "exitCode");
  job.signal = take_int(fields, "signal");
  job.reason = fields.text("reason").value_or("");
  job.error_type = fields.text("errorType").value_or("");
  job.attempt = static_cast<int>(fields.required_integer("attempt", 0, std::numeric_limits<int>::max()));
  job.worker = take_worker(fields, "worker");
  job.pid = take_int(fields, "pid");
  job.submitted_usec = fields.required_integer("submittedUSec", 0, kMaxInteger);
  job.started_usec = fields.integer("startedUSec", 0, kMaxInteger);
  job.ended_usec = fields.integer("endedUSec", 0, kMaxInteger);
  job.resources = read_resources(fields);
  take_terms(fields, job);
  const auto attempts = fields.array("attempts"), history = fields.array("history");
  if (auto checked = fields.finish(); !checked) return checked.error();
  auto read_attempts = read_parts(attempts, "job.attempts", read_attempt);
  if (!read_attempts) return read_attempts.error();
  auto read_history = read_parts(history, "job.history", read_period);
  if (!read_history) return read_history.error();
  job.attempts = *std::move(read_attempts);
  job.history = *std::move(read_history);
  return job;
}

}  // namespace jobpool::proto
