// The small replies: an id, a list of ids, a count, a flag, where the logs are.
#include "proto/fields.hpp"
#include "proto/messages.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {

std::string write_accepted(JobId id) { return write_id(id); }

Result<JobId> read_accepted(JsonText parameters) {
  Fields fields(parameters, MessageKind::reply);
  return finished(fields, fields.required_id("id"));
}

std::string write_ids(std::string_view field, const std::vector<JobId>& ids) {
  return written([&](ObjectWriter& object) { append_ids(object.key(field), ids); });
}

Result<std::vector<JobId>> read_ids(std::string_view field, JsonText parameters) {
  Fields fields(parameters, MessageKind::reply);
  return finished(fields, fields.required_ids(field, 0, kAnyLength));
}

std::string write_count(std::string_view field, std::int64_t count) {
  return written([&](ObjectWriter& object) { object.integer(field, count); });
}

Result<std::int64_t> read_count(std::string_view field, JsonText parameters) {
  Fields fields(parameters, MessageKind::reply);
  return finished(fields, fields.required_integer(field, 0, kMaxInteger));
}

std::string write_flag(std::string_view field, bool value) {
  return written([&](ObjectWriter& object) { object.flag(field, value); });
}

Result<bool> read_flag(std::string_view field, JsonText parameters) {
  Fields fields(parameters, MessageKind::reply);
  return finished(fields, fields.required_flag(field));
}

std::string write_log_place(const LogPlace& place) {
  return written([&](ObjectWriter& object) {
    object.integer("descriptor", place.descriptor);
    object.flag("running", place.running);
  });
}

Result<LogPlace> read_log_place(JsonText parameters) {
  Fields fields(parameters, MessageKind::reply);
  LogPlace place;
  place.descriptor = static_cast<int>(fields.required_integer("descriptor", 0, kMaxDescriptors - 1));
  place.running = fields.required_flag("running");
  return finished(fields, place);
}

}  // namespace jobpool::proto
