// What happens, as it travels: Events' request and replies.
#include <array>

#include "proto/event_messages.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {
namespace {

constexpr std::array<std::string_view, 5> kEventKinds{"listening", "job", "pool", "worker", "missed"};
constexpr std::size_t kMostEventJobs = 100'000;

}  // namespace

std::string_view to_string(EventKind kind) { return kEventKinds.at(static_cast<std::size_t>(kind)); }

std::optional<EventKind> event_kind_from(std::string_view name) {
  for (std::size_t i = 0; i < kEventKinds.size(); ++i)
    if (kEventKinds[i] == name) return static_cast<EventKind>(i);
  return std::nullopt;
}

Result<EventsRequest> read_events(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  EventsRequest request;
  request.ids = fields.ids("ids", kMostEventJobs);
  request.pool = fields.text("pool");
  return finished(fields, std::move(request));
}

std::string write_events(const EventsRequest& request) {
  return written([&](ObjectWriter& object) {
    write_ids_if(object, "ids", request.ids);
    if (request.pool) object.text("pool", *request.pool);
  });
}

std::string write_event(const Event& event) {
  std::string out = "{\"event\":";
  ObjectWriter object(out);
  object.text("kind", to_string(event.kind));
  object.integer("usec", event.usec);
  if (event.job) object.integer("job", number_of(*event.job));
  object.text_if("pool", event.pool);
  object.text_if("state", event.state);
  object.integer_if("attempt", event.attempt);
  object.integer_if("worker", event.worker);
  object.integer_if("pid", event.pid);
  if (event.outcome) object.text("outcome", to_string(*event.outcome));
  object.integer_if("exitCode", event.exit_code);
  object.integer_if("signal", event.signal);
  object.text_if("reason", event.reason);
  object.text_if("errorType", event.error_type);
  object.text_if("waitingFor", event.waiting_for);
  object.integer_if("missed", event.missed);
  object.close();
  return out + "}";
}

Result<Event> read_event(JsonText parameters) {
  const auto object = only_object(parameters, "event", MessageKind::reply);
  if (!object) return object.error();
  Fields fields(*object, MessageKind::reply, "event");
  Event event;
  const auto kind = take_enum<EventKind>(fields, "kind", event_kind_from);
  if (!kind) fields.reject("kind");
  event.kind = kind.value_or(EventKind::job);
  event.usec = fields.required_integer("usec", 0, kMaxInteger);
  if (const auto job = fields.integer("job", 1, kMaxInteger)) event.job = JobId{static_cast<std::uint64_t>(*job)};
  event.pool = fields.text("pool").value_or("");
  event.state = fields.text("state").value_or("");
  event.attempt = take_int(fields, "attempt");
  event.worker = take_worker(fields, "worker");
  event.pid = take_int(fields, "pid");
  event.outcome = take_outcome(fields, "outcome");
  event.exit_code = take_int(fields, "exitCode");
  event.signal = take_int(fields, "signal");
  event.reason = fields.text("reason").value_or("");
  event.error_type = fields.text("errorType").value_or("");
  event.waiting_for = fields.text("waitingFor").value_or("");
  event.missed = fields.integer("missed", 0, kMaxInteger);
  return finished(fields, std::move(event));
}

}  // namespace jobpool::proto
