// The requests of org.jobpool.Queue, read and written side by side.
#include <algorithm>

#include "proto/json_reader.hpp"
#include "proto/json_string.hpp"
#include "proto/messages.hpp"
#include "proto/parts.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool::proto {
namespace {

std::string take_queue_name(Fields& fields) {
  std::string name = fields.required_text("name", kMaxQueueNameBytes);
  if (!is_queue_name(name)) fields.reject("name");
  return name;
}

std::string take_call_key(Fields& fields) {
  const std::optional<std::string> key = fields.text("key", kMaxKeyBytes);
  if (key && key->empty()) fields.reject("key");
  return key.value_or("");
}

std::optional<JobId> take_caller(Fields& fields) {
  const std::optional<std::int64_t> id = fields.integer("job", 1, kMaxInteger);
  return id ? std::optional(JobId{static_cast<std::uint64_t>(*id)}) : std::nullopt;
}

QueueWait take_wait(Fields& fields) {
  QueueWait how;
  how.wait = fields.flag("wait").value_or(true);
  how.timeout = fields.duration("timeoutUSec", kMaxTimeout);
  if (how.timeout && !how.wait) fields.reject("timeoutUSec");
  how.key = take_call_key(fields);
  how.job = take_caller(fields);
  return how;
}

void write_wait_fields(ObjectWriter& object, const QueueWait& how) {
  if (!how.wait) object.flag("wait", false);
  if (how.timeout) object.integer("timeoutUSec", how.timeout->count());
  object.text_if("key", how.key);
  if (how.job) object.integer("job", number_of(*how.job));
}

std::vector<std::string> take_items(Fields& fields) {
  const auto array = fields.required_array("items", kMaxItemsPerCall);
  std::vector<std::string> items;
  if (!array) return items;
  if (array->empty()) fields.reject("items");
  for (const JsonText value : *array) {
    std::optional<std::string> text = value.string();
    if (!text || text->size() > kMaxPayloadBytes || !is_json(*text)) fields.reject("items");
    if (!fields.is_good()) return {};
    items.push_back(*std::move(text));
  }
  return items;
}

}  // namespace

bool is_queue_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kMaxQueueNameBytes && std::ranges::all_of(name, is_allowed);
}

Result<QueueCreateRequest> read_queue_create(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  QueueCreateRequest request;
  request.name = take_queue_name(fields);
  request.maxsize = fields.integer("maxsize", 0, kMaxQueueSize).value_or(request.maxsize);
  request.durable = fields.flag("durable").value_or(request.durable);
  request.exist_ok = fields.flag("existOk").value_or(request.exist_ok);
  return finished(fields, std::move(request));
}

std::string write_queue_create(const QueueCreateRequest& request) {
  return written([&](ObjectWriter& object) {
    object.text("name", request.name);
    if (request.maxsize != 0) object.integer("maxsize", request.maxsize);
    object.flag_if("durable", request.durable);
    object.flag_if("existOk", request.exist_ok);
  });
}

Result<QueuePutRequest> read_queue_put(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  QueuePutRequest request;
  request.name = take_queue_name(fields);
  request.items = take_items(fields);
  request.how = take_wait(fields);
  return finished(fields, std::move(request));
}

std::string write_queue_put(const QueuePutRequest& request) {
  return written([&](ObjectWriter& object) {
    object.text("name", request.name);
    object.words("items", request.items);
    write_wait_fields(object, request.how);
  });
}

Result<QueueGetRequest> read_queue_get(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  QueueGetRequest request;
  request.name = take_queue_name(fields);
  request.count = fields.integer("count", 1, kMaxItemsPerCall).value_or(request.count);
  request.how = take_wait(fields);
  return finished(fields, std::move(request));
}

std::string write_queue_get(const QueueGetRequest& request) {
  return written([&](ObjectWriter& object) {
    object.text("name", request.name);
    if (request.count != 1) object.integer("count", request.count);
    write_wait_fields(object, request.how);
  });
}

Result<QueueDoneRequest> read_queue_done(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  QueueDoneRequest request;
  request.name = take_queue_name(fields);
  request.count = fields.integer("count", 1, kMaxInteger).value_or(request.count);
  request.key = take_call_key(fields);
  return finished(fields, std::move(request));
}

std::string write_queue_done(const QueueDoneRequest& request) {
  return written([&](ObjectWriter& object) {
    object.text("name", request.name);
    if (request.count != 1) object.integer("count", request.count);
    object.text_if("key", request.key);
  });
}

Result<QueueJoinRequest> read_queue_join(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  QueueJoinRequest request;
  request.name = take_queue_name(fields);
  request.timeout = fields.duration("timeoutUSec", kMaxTimeout);
  request.job = take_caller(fields);
  return finished(fields, std::move(request));
}

std::string write_queue_join(const QueueJoinRequest& request) {
  return written([&](ObjectWriter& object) {
    object.text("name", request.name);
    if (request.timeout) object.integer("timeoutUSec", request.timeout->count());
    if (request.job) object.integer("job", number_of(*request.job));
  });
}

Result<std::string> read_queue_name(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  return finished(fields, take_queue_name(fields));
}

std::string write_queue_name(const std::string& name) {
  return written([&](ObjectWriter& object) { object.text("name", name); });
}

}  // namespace jobpool::proto
