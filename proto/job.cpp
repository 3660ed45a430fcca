// What is known of a job: the reply of Show and List.
#include "proto/fields.hpp"
#include "proto/json_writer.hpp"
#include "proto/messages.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {
namespace {

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
  object.close();
}

JobState require_state(Fields& fields, std::string_view name) {
  const std::optional<JobState> state = take_state(fields, name);
  if (!state) fields.reject(name);
  return state.value_or(JobState::ready);
}

std::optional<std::uint32_t> take_worker(Fields& fields, std::string_view name) {
  const std::optional<std::int64_t> number = fields.integer(name, 0, std::numeric_limits<std::uint32_t>::max());
  return number ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
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

Result<Job> read_job(const nlohmann::json& parameters) {
  const auto object = only_object(parameters, "job", MessageKind::reply);
  if (!object) return object.error();
  Fields fields(**object, MessageKind::reply, "job");
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
  return finished(fields, std::move(job));
}

}  // namespace jobpool::proto
