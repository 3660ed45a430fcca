// The requests about jobs that exist: each a few fields, read and written side by side.
#include "proto/fields.hpp"
#include "proto/json_writer.hpp"
#include "proto/messages.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {
namespace {

constexpr int kMaxSignal = 64;  // SIGRTMAX

void write_timeout(ObjectWriter& object, const std::optional<Microseconds>& timeout) {
  if (timeout) object.integer("timeoutUSec", timeout->count());
}

}  // namespace

Result<GetRequest> read_get(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  GetRequest request;
  request.id = fields.required_id("id");
  request.timeout = fields.duration("timeoutUSec", kMaxTimeout);
  request.output = fields.flag("output").value_or(request.output);
  return finished(fields, request);
}

std::string write_get(const GetRequest& request) {
  return written([&](ObjectWriter& object) {
    object.integer("id", number_of(request.id));
    write_timeout(object, request.timeout);
    if (!request.output) object.flag("output", false);
  });
}

Result<WaitRequest> read_wait(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  WaitRequest request;
  request.ids = fields.required_ids("ids", 1, kMaxIds);
  request.timeout = fields.duration("timeoutUSec", kMaxTimeout);
  return finished(fields, std::move(request));
}

std::string write_wait(const WaitRequest& request) {
  return written([&](ObjectWriter& object) {
    append_ids(object.key("ids"), request.ids);
    write_timeout(object, request.timeout);
  });
}

Result<CancelRequest> read_cancel(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  CancelRequest request;
  request.ids = fields.required_ids("ids", 1, kMaxIds);
  request.now = fields.flag("now").value_or(request.now);
  return finished(fields, std::move(request));
}

std::string write_cancel(const CancelRequest& request) {
  return written([&](ObjectWriter& object) {
    append_ids(object.key("ids"), request.ids);
    object.flag_if("now", request.now);
  });
}

Result<RemoveRequest> read_remove(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  return finished(fields, RemoveRequest{fields.required_ids("ids", 1, kMaxIds)});
}

std::string write_remove(const RemoveRequest& request) {
  return written([&](ObjectWriter& object) { append_ids(object.key("ids"), request.ids); });
}

Result<CleanRequest> read_clean(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  CleanRequest request;
  request.older_than = fields.duration("olderThanUSec", kMaxTimeout);
  request.outcome = take_outcome(fields, "outcome");
  request.pool = fields.text("pool");
  return finished(fields, std::move(request));
}

std::string write_clean(const CleanRequest& request) {
  return written([&](ObjectWriter& object) {
    if (request.older_than) object.integer("olderThanUSec", request.older_than->count());
    if (request.outcome) object.text("outcome", to_string(*request.outcome));
    if (request.pool) object.text("pool", *request.pool);
  });
}

Result<ListRequest> read_list(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  ListRequest request;
  request.state = take_state(fields, "state");
  request.pool = fields.text("pool");
  request.limit = fields.integer("limit", 0, kMaxInteger).value_or(request.limit);
  return finished(fields, std::move(request));
}

std::string write_list(const ListRequest& request) {
  return written([&](ObjectWriter& object) {
    if (request.state) object.text("state", to_string(*request.state));
    if (request.pool) object.text("pool", *request.pool);
    if (request.limit != ListRequest{}.limit) object.integer("limit", request.limit);
  });
}

Result<KillRequest> read_kill(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  KillRequest request;
  request.id = fields.required_id("id");
  request.signal = static_cast<int>(fields.required_integer("signal", 1, kMaxSignal));
  return finished(fields, request);
}

std::string write_kill(const KillRequest& request) {
  return written([&](ObjectWriter& object) {
    object.integer("id", number_of(request.id));
    object.integer("signal", request.signal);
  });
}

Result<RetryRequest> read_retry(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  RetryRequest request;
  request.id = fields.required_id("id");
  request.key = fields.text("key", kMaxKeyBytes).value_or("");
  return finished(fields, std::move(request));
}

std::string write_retry(const RetryRequest& request) {
  return written([&](ObjectWriter& object) {
    object.integer("id", number_of(request.id));
    object.text_if("key", request.key);
  });
}

Result<LogsRequest> read_logs(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  LogsRequest request;
  request.id = fields.required_id("id");
  request.standard_error = fields.flag("stderr").value_or(request.standard_error);
  request.wait = fields.flag("wait").value_or(request.wait);
  return finished(fields, request);
}

std::string write_logs(const LogsRequest& request) {
  return written([&](ObjectWriter& object) {
    object.integer("id", number_of(request.id));
    object.flag_if("stderr", request.standard_error);
    if (!request.wait) object.flag("wait", false);
  });
}

Result<JobId> read_id(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  const JobId id = fields.required_id("id");
  return finished(fields, id);
}

std::string write_id(JobId id) {
  return written([&](ObjectWriter& object) { object.integer("id", number_of(id)); });
}

Result<ShutdownRequest> read_shutdown(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  ShutdownRequest request;
  request.now = fields.flag("now").value_or(request.now);
  return finished(fields, request);
}

std::string write_shutdown(const ShutdownRequest& request) {
  return written([&](ObjectWriter& object) { object.flag_if("now", request.now); });
}

Result<ReloadRequest> read_reload(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  ReloadRequest request;
  request.wait = fields.flag("wait").value_or(request.wait);
  return finished(fields, request);
}

std::string write_reload(const ReloadRequest& request) {
  return written([&](ObjectWriter& object) { object.flag_if("wait", request.wait); });
}

Result<std::string> read_interface_name(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  return finished(fields, fields.required_text("interface"));
}

Result<void> read_nothing(JsonText parameters) { return Fields(parameters, MessageKind::request).finish(); }

}  // namespace jobpool::proto
