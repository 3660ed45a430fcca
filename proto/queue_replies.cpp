// The replies of org.jobpool.Queue: what is known of queues, and items.
#include "proto/json_string.hpp"
#include "proto/messages.hpp"
#include "proto/parts.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool::proto {
namespace {

void append_queue(std::string& out, const Queue& queue) {
  ObjectWriter object(out);
  object.text("name", queue.name);
  object.integer("maxsize", queue.maxsize);
  object.flag("durable", queue.durable);
  object.integer("size", queue.size);
  object.integer("bytes", queue.bytes);
  object.integer("unfinished", queue.unfinished);
  object.integer("taken", queue.taken);
  object.integer("putters", queue.putters);
  object.integer("getters", queue.getters);
  object.integer("joiners", queue.joiners);
  object.integer("createdUSec", queue.created_usec);
  object.close();
}

Result<Queue> read_queue_object(JsonText object, std::string_view path) {
  Fields fields(object, MessageKind::reply, path);
  Queue queue;
  queue.name = fields.required_text("name");
  queue.maxsize = fields.required_integer("maxsize", 0, kMaxInteger);
  queue.durable = fields.required_flag("durable");
  queue.size = fields.required_integer("size", 0, kMaxInteger);
  queue.bytes = fields.required_integer("bytes", 0, kMaxInteger);
  queue.unfinished = fields.required_integer("unfinished", 0, kMaxInteger);
  queue.taken = fields.required_integer("taken", 0, kMaxInteger);
  queue.putters = fields.required_integer("putters", 0, kMaxInteger);
  queue.getters = fields.required_integer("getters", 0, kMaxInteger);
  queue.joiners = fields.required_integer("joiners", 0, kMaxInteger);
  queue.created_usec = fields.required_integer("createdUSec", 0, kMaxInteger);
  return finished(fields, std::move(queue));
}

}  // namespace

std::string write_queue(const Queue& queue) {
  std::string out = "{\"queue\":";
  append_queue(out, queue);
  out += '}';
  return out;
}

Result<Queue> read_queue(JsonText parameters) {
  const auto object = only_object(parameters, "queue", MessageKind::reply);
  if (!object) return object.error();
  return read_queue_object(*object, "queue");
}

std::string write_queues(const std::vector<Queue>& queues) {
  std::string out = "{\"queues\":[";
  for (const Queue& queue : queues) {
    if (&queue != &queues.front()) out += ',';
    append_queue(out, queue);
  }
  out += "]}";
  return out;
}

Result<std::vector<Queue>> read_queues(JsonText parameters) {
  Fields fields(parameters, MessageKind::reply);
  const auto array = fields.required_array("queues");
  if (auto checked = fields.finish(); !checked) return checked.error();
  std::vector<Queue> queues;
  for (const JsonText object : *array) {
    Result<Queue> queue = read_queue_object(object, "queues");
    if (!queue) return queue.error();
    queues.push_back(*std::move(queue));
  }
  return queues;
}

std::string write_items(const std::vector<std::string_view>& items) {
  std::size_t bytes = 0;
  for (const std::string_view item : items) bytes += item.size() + 8;
  std::string out;
  out.reserve(bytes + bytes / 4 + kRoomBehind);  // quotes within cost a byte each
  out += "{\"items\":[";
  char separator = 0;
  for (const std::string_view item : items) {
    if (separator != 0) out += separator;
    append_json_string(out, item);
    separator = ',';
  }
  out += "]}";
  return out;
}

Result<std::vector<std::string>> read_items(JsonText parameters) {
  Fields fields(parameters, MessageKind::reply);
  std::optional<std::vector<std::string>> items = fields.words("items", kAnyLength);
  if (!items) fields.reject("items");
  if (auto checked = fields.finish(); !checked) return checked.error();
  return *std::move(items);
}

}  // namespace jobpool::proto
