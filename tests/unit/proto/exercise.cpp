// What must hold: no reader crashes; our JSON reader agrees with nlohmann's; what was read can be written, and reads the same again.
#include "tests/unit/proto/exercise.hpp"

#include <memory>
#include <nlohmann/json.hpp>

#include "proto/apply_all_messages.hpp"
#include "proto/envelope.hpp"
#include "proto/event_messages.hpp"
#include "proto/json_reader.hpp"
#include "proto/large_call.hpp"
#include "proto/messages.hpp"
#include "proto/metrics_messages.hpp"
#include "proto/queue_messages.hpp"
#include "proto/stats_messages.hpp"
#include "tests/unit/proto/compare_json.hpp"

namespace jobpool::proto {
namespace {

template <class Read, class Write>
std::string round_trip(JsonText parameters, const char* name, Read read, Write write) {
  const auto value = read(parameters);
  if (!value) return value.error().text.empty() ? std::string(name) + ": an error without a text" : "";
  const std::string written = write(*value);
  const auto own = JsonText::check(written, kMaxMessageDepth);
  if (!own) return std::string(name) + ": writes what is no JSON: " + written;
  const auto again = read(*own);
  if (!again) return std::string(name) + ": refuses what was written: " + again.error().text + " in " + written;
  return write(*again) == written ? "" : std::string(name) + ": reads another value than was written: " + written;
}

std::string all_round_trips(JsonText parameters) {
  std::string complaint;
  const auto check = [&](const char* name, auto read, auto write) {
    if (complaint.empty()) complaint = round_trip(parameters, name, read, write);
  };
  check("submit", read_submit, write_submit);
  check("map", read_map, write_map);
  check("apply all", read_apply_all, write_apply_all);
  check("chunk endings", read_chunk_endings, write_chunk_endings);
  check("get", read_get, write_get);
  check("wait", read_wait, write_wait);
  check("cancel", read_cancel, write_cancel);
  check("remove", read_remove, write_remove);
  check("clean", read_clean, write_clean);
  check("list", read_list, write_list);
  check("kill", read_kill, write_kill);
  check("logs", read_logs, write_logs);
  check("retry", read_retry, write_retry);
  check("events", read_events, write_events);
  check("event", read_event, write_event);
  check("stats", read_stats, write_stats);
  check("metrics", read_metrics, write_metrics);
  check("id", read_id, write_id);
  check("shutdown", read_shutdown, write_shutdown);
  check("reload", read_reload, write_reload);
  check("ending", read_ending, write_ending);
  check("job", read_job, write_job);
  check("hello", read_hello, write_hello);
  check("status", read_status, write_status);
  check("create pool", read_create_pool, write_create_pool);
  check("pool name", read_pool_name, write_pool_name);
  check("resize pool", read_resize_pool, write_resize_pool);
  check("terminate pool", read_terminate_pool, write_terminate_pool);
  check("join pool", read_join_pool, write_join_pool);
  check("pool", read_pool, write_pool);
  check("pools", read_pools, write_pools);
  check("queue create", read_queue_create, write_queue_create);
  check("queue put", read_queue_put, write_queue_put);
  check("queue get", read_queue_get, write_queue_get);
  check("queue done", read_queue_done, write_queue_done);
  check("queue join", read_queue_join, write_queue_join);
  check("queue name", read_queue_name, write_queue_name);
  check("queue", read_queue, write_queue);
  check("queues", read_queues, write_queues);
  check("items", read_items,
        [](const std::vector<std::string>& items) { return write_items(std::vector<std::string_view>(items.begin(), items.end())); });
  check("accepted", read_accepted, write_accepted);
  check("log place", read_log_place, write_log_place);
  check(
      "cancelled", [](JsonText value) { return read_ids("cancelled", value); },
      [](const std::vector<JobId>& ids) { return write_ids("cancelled", ids); });
  check(
      "removed", [](JsonText value) { return read_count("removed", value); },
      [](std::int64_t count) { return write_count("removed", count); });
  check(
      "ready", [](JsonText value) { return read_flag("ready", value); }, [](bool flag) { return write_flag("ready", flag); });
  check(
      "successful", [](JsonText value) { return read_flag("successful", value); },
      [](bool flag) { return write_flag("successful", flag); });
  if (const auto nothing = read_nothing(parameters);
      complaint.empty() && static_cast<bool>(nothing) != (parameters.is_null() || parameters.text().find('"') == std::string_view::npos))
    complaint = "nothing: takes something, or refuses nothing";
  return complaint;
}

// Of bytes that were not zeroed, so that a sanitizer sees what is beyond.
class AnyRoom final : public ArgumentsRoom {
 public:
  AnyRoom() : ArgumentsRoom(0) {}
  char* make(const Submission&, std::size_t most) override {
    bytes_ = std::make_unique_for_overwrite<char[]>(most);
    return bytes_.get();
  }
  void on_more(std::string_view arguments) override { told = arguments.size(); }

  std::size_t told = 0;

 private:
  std::unique_ptr<char[]> bytes_;
};

// Whoever has a room for large arguments reads what everybody reads.
std::string reads_the_same_to_a_room(JsonText parameters) {
  AnyRoom room;
  const auto plain = read_submit(parameters);
  auto roomy = read_submit_to(parameters, room);
  if (bool(plain) != bool(roomy)) return "submit: a room for the arguments decides whether it is taken";
  if (!plain) return plain.error().text == roomy.error().text ? "" : "submit: another field is off with a room for the arguments";
  if (roomy->large_arguments.empty())
    return write_submit(*roomy) == write_submit(*plain) ? "" : "submit: it reads another without its room";
  if (room.told != roomy->large_arguments.size()) return "submit: not all of the arguments was told";
  roomy->arguments = roomy->large_arguments;
  return write_submit(*roomy) == write_submit(*plain) ? "" : "submit: it reads another with a room for the arguments";
}

}  // namespace

std::string exercise(std::string_view message) {
  if (std::string complaint = compare_json(message); !complaint.empty()) return complaint;
  if (const auto call = read_call(message)) {
    if (!call->parameters.is_object() && !call->parameters.is_null()) return "parameters that are no object";
    if (std::string complaint = all_round_trips(call->parameters); !complaint.empty()) return complaint;
    if (std::string complaint = reads_the_same_to_a_room(call->parameters); !complaint.empty()) return complaint;
    std::string written = write_call(call->method, "");
    written.pop_back();
    if (const auto again = read_call(written); !again || again->method != call->method) return "another method than was written";
  }
  if (const auto reply = read_reply(message)) {
    if (!reply->parameters.is_object() && !reply->parameters.is_null()) return "parameters that are no object";
    return all_round_trips(reply->parameters);
  }
  return "";
}

}  // namespace jobpool::proto
