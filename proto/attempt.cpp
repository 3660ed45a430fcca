// One attempt of a job: where it ran, and how that ended; one period of its history. Parts of Show's reply.
#include "proto/fields.hpp"
#include "proto/json_writer.hpp"
#include "proto/messages.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {

void append_attempt(std::string& out, const Attempt& attempt) {
  ObjectWriter object(out);
  object.integer("number", attempt.number);
  object.integer_if("worker", attempt.worker);
  object.integer_if("pid", attempt.pid);
  object.integer_if("readyUSec", attempt.ready_usec);
  object.integer_if("startedUSec", attempt.started_usec);
  object.integer_if("endedUSec", attempt.ended_usec);
  if (attempt.outcome) object.text("outcome", to_string(*attempt.outcome));
  object.integer_if("exitCode", attempt.exit_code);
  object.integer_if("signal", attempt.signal);
  write_resources(object, attempt.resources);
  object.text_if("reason", attempt.reason);
  object.text_if("errorType", attempt.error_type);
  object.close();
}

Attempt read_attempt(Fields& fields) {
  Attempt attempt;
  attempt.number = static_cast<int>(fields.required_integer("number", 1, std::numeric_limits<int>::max()));
  attempt.worker = take_worker(fields, "worker");
  attempt.pid = take_int(fields, "pid");
  attempt.ready_usec = fields.integer("readyUSec", 0, kMaxInteger);
  attempt.started_usec = fields.integer("startedUSec", 0, kMaxInteger);
  attempt.ended_usec = fields.integer("endedUSec", 0, kMaxInteger);
  attempt.outcome = take_outcome(fields, "outcome");
  attempt.exit_code = take_int(fields, "exitCode");
  attempt.signal = take_int(fields, "signal");
  attempt.resources = read_resources(fields);
  attempt.reason = fields.text("reason").value_or("");
  attempt.error_type = fields.text("errorType").value_or("");
  return attempt;
}

void append_period(std::string& out, const Period& period) {
  ObjectWriter object(out);
  object.text("state", to_string(period.state));
  object.integer("fromUSec", period.from_usec);
  object.integer_if("toUSec", period.to_usec);
  object.close();
}

Period read_period(Fields& fields) {
  Period period;
  const std::optional<JobState> state = take_state(fields, "state");
  if (!state) fields.reject("state");
  period.state = state.value_or(JobState::ready);
  period.from_usec = fields.required_integer("fromUSec", 0, kMaxInteger);
  period.to_usec = fields.integer("toUSec", 0, kMaxInteger);
  return period;
}

}  // namespace jobpool::proto
