// The requests about pools: each a few fields, read and written side by side.
#include <algorithm>

#include "proto/fields.hpp"
#include "proto/json_reader.hpp"
#include "proto/json_writer.hpp"
#include "proto/messages.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {
namespace {

bool is_in_pool_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

// Of one that is to be made: words that need no quotes, in a shell or a file's name.
std::string require_new_name(Fields& fields) {
  std::string name = fields.required_text("name", kMaxPoolNameBytes);
  if (name.empty() || name.front() == '-' || !std::all_of(name.begin(), name.end(), is_in_pool_name)) fields.reject("name");
  return name;
}

// Of one that may be there.
std::string take_pool(Fields& fields) {
  std::string name = fields.text("pool", kMaxNameBytes).value_or(std::string{kDefaultPool});
  if (name.empty()) fields.reject("pool");
  return name;
}

void write_pool_of(ObjectWriter& object, std::string_view pool) {
  if (pool != kDefaultPool) object.text("pool", pool);
}

void write_duration(ObjectWriter& object, std::string_view name, const std::optional<Microseconds>& duration) {
  if (duration) object.integer(name, duration->count());
}

std::optional<int> take_number(Fields& fields, std::string_view name, std::int64_t least, std::int64_t most) {
  const auto number = fields.integer(name, least, most);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

}  // namespace

Result<CreatePoolRequest> read_create_pool(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  CreatePoolRequest request;
  request.name = require_new_name(fields);
  request.workers = static_cast<int>(fields.required_integer("workers", 0, kMaxWorkers));
  request.threads = take_number(fields, "threads", 1, kMaxThreadsPerWorker);
  request.min = take_number(fields, "min", 0, kMaxWorkers);
  request.idle_time = fields.duration("idleUSec", kMaxTimeout);
  request.max_tasks = take_number(fields, "maxTasksPerWorker", 1, kMaxTasksPerWorker);
  request.memory_bytes = fields.integer("memoryBytes", kMinMemoryBytes, std::int64_t{1} << 50);
  const auto initializer = fields.text("initializer", kMaxNameBytes);
  if (initializer && initializer->empty()) fields.reject("initializer");
  request.initializer = initializer.value_or("");
  if (auto arguments = fields.text("arguments", kMaxPayloadBytes)) {
    if (!initializer || !is_json_array(*arguments)) fields.reject("arguments");
    request.arguments = std::move(*arguments);
  }
  return finished(fields, std::move(request));
}

std::string write_create_pool(const CreatePoolRequest& request) {
  return written([&](ObjectWriter& object) {
    object.text("name", request.name);
    object.integer("workers", request.workers);
    object.integer_if("threads", request.threads);
    object.integer_if("min", request.min);
    write_duration(object, "idleUSec", request.idle_time);
    object.integer_if("maxTasksPerWorker", request.max_tasks);
    object.integer_if("memoryBytes", request.memory_bytes);
    object.text_if("initializer", request.initializer);
    if (!request.initializer.empty() && request.arguments != "[]") object.text("arguments", request.arguments);
  });
}

Result<std::string> read_pool_name(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  std::string pool = take_pool(fields);
  return finished(fields, std::move(pool));
}

std::string write_pool_name(std::string_view pool) {
  return written([&](ObjectWriter& object) { write_pool_of(object, pool); });
}

Result<ResizePoolRequest> read_resize_pool(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  ResizePoolRequest request;
  request.pool = take_pool(fields);
  request.workers = take_number(fields, "workers", 0, kMaxWorkers);
  return finished(fields, std::move(request));
}

std::string write_resize_pool(const ResizePoolRequest& request) {
  return written([&](ObjectWriter& object) {
    write_pool_of(object, request.pool);
    object.integer_if("workers", request.workers);
  });
}

Result<TerminatePoolRequest> read_terminate_pool(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  TerminatePoolRequest request;
  request.pool = take_pool(fields);
  request.grace = fields.duration("graceUSec", kMaxTimeout);
  return finished(fields, std::move(request));
}

std::string write_terminate_pool(const TerminatePoolRequest& request) {
  return written([&](ObjectWriter& object) {
    write_pool_of(object, request.pool);
    write_duration(object, "graceUSec", request.grace);
  });
}

Result<JoinPoolRequest> read_join_pool(JsonText parameters) {
  Fields fields(parameters, MessageKind::request);
  JoinPoolRequest request;
  request.pool = take_pool(fields);
  request.timeout = fields.duration("timeoutUSec", kMaxTimeout);
  return finished(fields, std::move(request));
}

std::string write_join_pool(const JoinPoolRequest& request) {
  return written([&](ObjectWriter& object) {
    write_pool_of(object, request.pool);
    write_duration(object, "timeoutUSec", request.timeout);
  });
}

}  // namespace jobpool::proto
