// The samples: every message of every method, of the values in sample_values.cpp.
#include "tests/unit/proto/samples.hpp"

#include <nlohmann/json.hpp>

#include "proto/envelope.hpp"
#include "proto/version.hpp"

namespace jobpool::proto {
namespace {

std::string without_nul(std::string message) {
  message.pop_back();
  return message;
}

std::string reply_of(std::string_view parameters) {
  std::string out;
  append_reply(out, parameters);
  return without_nul(std::move(out));
}

// Collects the samples of one interface.
class Samples {
 public:
  Samples(std::vector<Sample>& all, std::string interface) : all_(all), interface_(std::move(interface)) {}

  template <class Message, class Read, class Write>
  void request(const std::string& method, const std::string& variant, const Message& message, Read read, Write write,
               CallMode mode = CallMode::plain) {
    const std::string full = interface_ + "." + method;
    const auto written = [=](const Message& value) { return without_nul(write_call(full, write(value), mode)); };
    add(method, variant, Direction::request, written(message), [=](std::string_view text) -> Result<std::string> {
      const auto call = read_call(text);
      if (!call) return call.error();
      const auto value = read(call->parameters);
      if (!value) return value.error();
      return written(*value);
    });
  }

  template <class Message, class Read, class Write>
  void reply(const std::string& method, const std::string& variant, const Message& message, Read read, Write write) {
    add(method, variant, Direction::reply, reply_of(write(message)), [=](std::string_view text) -> Result<std::string> {
      const auto reply = read_reply(text);
      if (!reply) return reply.error();
      const auto value = read(reply->parameters);
      if (!value) return value.error();
      return reply_of(write(*value));
    });
  }

  // Without parameters.
  void empty_request(const std::string& method) {
    request(
        method, "", true, [](JsonText parameters) { return flag_of(read_nothing(parameters)); }, [](bool) { return std::string(); });
  }
  void empty_reply(const std::string& method) {
    reply(
        method, "", true, [](JsonText parameters) { return flag_of(read_nothing(parameters)); }, [](bool) { return std::string(); });
  }

 private:
  static Result<bool> flag_of(const Result<void>& read) { return read ? Result<bool>(true) : Result<bool>(read.error()); }

  void add(const std::string& method, const std::string& variant, Direction direction, std::string message,
           std::function<Result<std::string>(std::string_view)> rewrite) {
    const std::string kind = direction == Direction::request ? ".request" : ".reply";
    all_.push_back({interface_ + "." + method + kind + (variant.empty() ? "" : "." + variant) + ".json", interface_, method, direction,
                    std::move(message), std::move(rewrite)});
  }

  std::vector<Sample>& all_;
  const std::string interface_;
};

// A request or reply of one string.
auto reader_of(std::string field) {
  return [field](JsonText parameters) -> Result<std::string> {
    const auto found = parameters.member(field);
    const auto text = found ? found->string() : std::nullopt;
    if (!text) return Error{Errc::protocol, field};
    return *text;
  };
}
auto writer_of(std::string field) {
  return [field](const std::string& text) { return one_field(field, text); };
}

// As the golden file has it for ever, whatever today's version is, and its interfaces.
std::string info_of_first_version() {
  std::string info = service_info();
  constexpr std::string_view kLastInterface = R"("org.jobpool.Job")";
  const std::size_t later = info.find(kLastInterface) + kLastInterface.size();
  info.erase(later, info.find(']', later) - later);
  return info.replace(info.find(version()), version().size(), "0.1.0");
}

void add_service(std::vector<Sample>& all) {
  Samples service(all, "org.varlink.service");
  service.empty_request("GetInfo");
  const auto read_info = [](JsonText info) { return Result<JsonText>(info); };
  service.reply("GetInfo", "", JsonText(), read_info, [](JsonText) { return info_of_first_version(); });
  service.request("GetInterfaceDescription", "", std::string("org.jobpool.Pool"), reader_of("interface"), writer_of("interface"));
  service.reply("GetInterfaceDescription", "", std::string("# A comment.\ninterface org.example.x\n\nmethod F() -> ()\n"),
                reader_of("description"), writer_of("description"));
}

void add_pool(std::vector<Sample>& all) {
  Samples pool(all, "org.jobpool.Pool");
  pool.empty_request("Hello");
  pool.reply("Hello", "", full_hello(), read_hello, write_hello);
  pool.reply("Hello", "understands", hello_of_one_who_understands(), read_hello, write_hello);
  pool.request("Apply", "function", full_function(), read_submit, write_submit);
  pool.request("Apply", "command", full_command(), read_submit, write_submit);
  pool.request("Apply", "descriptors", full_connected_command(), read_submit, write_submit);
  pool.request("Apply", "binary", full_binary_command(), read_submit, write_submit);
  pool.request("Apply", "nice", nice_command(), read_submit, write_submit);
  pool.request("Apply", "memory", bounded_command(), read_submit, write_submit);
  pool.request("Apply", "inherited", inheriting_command(), read_submit, write_submit);
  pool.request("Apply", "delayed", delayed_command(), read_submit, write_submit);
  pool.request("Apply", "timed", timed_function(), read_submit, write_submit);
  pool.request("Apply", "chunk", chunk_of_map(), read_submit, write_submit);
  pool.request("Apply", "after_failed", function_after_failed(), read_submit, write_submit);
  pool.reply("Apply", "chunk", chunk_ending(), read_ending, write_ending);
  pool.reply("Apply", "", full_ending(), read_ending, write_ending);
  Ending binary = full_ending();
  binary.standard_output.bytes = "\xFF\xFE";
  binary.standard_error.bytes = std::string("a\0b", 3);
  pool.reply("Apply", "binary", binary, read_ending, write_ending);
  pool.reply("Apply", "batch", full_batch_ending(), read_ending, write_ending);
  pool.reply("Apply", "more", JobId{7}, read_accepted, write_accepted);
  pool.request("ApplyAsync", "function", full_function(), read_submit, write_submit);
  pool.request("ApplyAsync", "command", full_command(), read_submit, write_submit);
  pool.request("ApplyAsync", "descriptors", full_connected_command(), read_submit, write_submit);
  pool.request("ApplyAsync", "binary", full_binary_command(), read_submit, write_submit);
  pool.request("ApplyAsync", "nice", nice_command(), read_submit, write_submit);
  pool.request("ApplyAsync", "memory", bounded_command(), read_submit, write_submit);
  pool.request("ApplyAsync", "inherited", inheriting_command(), read_submit, write_submit);
  pool.request("ApplyAsync", "delayed", delayed_command(), read_submit, write_submit);
  pool.request("ApplyAsync", "after_failed", function_after_failed(), read_submit, write_submit);
  pool.request("ApplyAsync", "timed", timed_function(), read_submit, write_submit);
  pool.reply("ApplyAsync", "", JobId{9'223'372'036'854'775'807u}, read_accepted, write_accepted);
  pool.request("Map", "", full_map(), read_map, write_map);
  // By their form any submission; what a batch cannot be is refused by its meaning.
  const std::pair<const char*, Submission> submissions[] = {
      {"function", full_function()},     {"command", full_command()},        {"descriptors", full_connected_command()},
      {"binary", full_binary_command()}, {"nice", nice_command()},           {"delayed", delayed_command()},
      {"timed", timed_function()},       {"chunk", chunk_of_map()},          {"after_failed", function_after_failed()},
      {"memory", bounded_command()},     {"inherited", inheriting_command()}};
  for (const auto& [variant, submission] : submissions) pool.request("Map", variant, MapRequest{submission, {"[[]]"}}, read_map, write_map);
  pool.request("Map", "commands", MapRequest{full_command(), {R"([["sh","-c","exit 3"]])", R"([["true"]])"}}, read_map, write_map);
  pool.reply("Map", "", JobId{12}, read_accepted, write_accepted);
  pool.request("ApplyAsync", "chunk", chunk_of_map(), read_submit, write_submit);
  pool.request("ApplyAll", "", full_apply_all(), read_apply_all, write_apply_all, CallMode::more);
  for (const auto& [variant, submission] : submissions)
    pool.request("ApplyAll", variant, ApplyAllRequest{submission, {{3, "[[]]"}}}, read_apply_all, write_apply_all, CallMode::more);
  pool.reply("ApplyAll", "", full_chunk_endings(), read_chunk_endings, write_chunk_endings);
  pool.request("Events", "", EventsRequest{{JobId{3}, JobId{4}}, "images"}, read_events, write_events, CallMode::more);
  pool.request("Events", "all", EventsRequest{}, read_events, write_events, CallMode::more);
  pool.reply("Events", "", full_job_event(), read_event, write_event);
  pool.reply("Events", "worker", full_worker_event(), read_event, write_event);
  Event missed;
  missed.kind = EventKind::missed;
  missed.missed = 1'000'000;
  pool.reply("Events", "missed", missed, read_event, write_event);
  pool.empty_request("Stats");
  pool.reply("Stats", "", full_stats(), read_stats, write_stats);
  pool.empty_request("Metrics");
  pool.reply("Metrics", "", full_metrics(), read_metrics, write_metrics);
  pool.empty_request("Status");
  pool.reply("Status", "", full_status(), read_status, write_status);
  pool.reply("Status", "reloads", status_with_reloads(), read_status, write_status);
  pool.reply("Status", "retiring", status_with_a_waiting_reload(), read_status, write_status);
  pool.reply("Status", "draining", status_while_going_down(), read_status, write_status);
  pool.reply("Status", "times", status_with_times(), read_status, write_status);
  pool.request("Shutdown", "", ShutdownRequest{true}, read_shutdown, write_shutdown);
  pool.empty_reply("Shutdown");
  pool.request("Reload", "", ReloadRequest{}, read_reload, write_reload);
  pool.request("Reload", "wait", ReloadRequest{true}, read_reload, write_reload);
  pool.empty_reply("Reload");
}

void add_pool_control(std::vector<Sample>& all) {
  Samples pool(all, "org.jobpool.Pool");
  pool.request("Create", "", full_create_pool(), read_create_pool, write_create_pool);
  pool.request("Create", "threads", threaded_create_pool(), read_create_pool, write_create_pool);
  pool.empty_reply("Create");
  pool.empty_request("List");
  pool.reply("List", "", std::vector<PoolInfo>{plain_pool(), full_pool()}, read_pools, write_pools);
  pool.reply("List", "threads", std::vector<PoolInfo>{threaded_pool()}, read_pools, write_pools);
  pool.request("Show", "", std::string("images"), read_pool_name, write_pool_name);
  pool.reply("Show", "", full_pool(), read_pool, write_pool);
  pool.reply("Show", "threads", threaded_pool(), read_pool, write_pool);
  pool.request("Resize", "", ResizePoolRequest{"images", 8}, read_resize_pool, write_resize_pool);
  pool.request("Resize", "configured", ResizePoolRequest{}, read_resize_pool, write_resize_pool);
  pool.empty_reply("Resize");
  pool.request("Terminate", "", TerminatePoolRequest{"images", Microseconds(2'000'000)}, read_terminate_pool, write_terminate_pool);
  pool.empty_reply("Terminate");
  pool.request("Join", "", JoinPoolRequest{"images", Microseconds(1'500'000)}, read_join_pool, write_join_pool);
  pool.reply(
      "Join", "", true, [](JsonText parameters) { return read_flag("joined", parameters); },
      [](bool joined) { return write_flag("joined", joined); });
  for (const char* method : {"Pause", "Resume", "Close", "Delete"}) {
    pool.request(method, "", std::string("images"), read_pool_name, write_pool_name);
    pool.empty_reply(method);
  }
}

void add_flag_method(Samples& job, const std::string& method, const std::string& field) {
  job.request(method, "", JobId{12}, read_id, write_id);
  job.reply(
      method, "", true, [field](JsonText parameters) { return read_flag(field, parameters); },
      [field](bool value) { return write_flag(field, value); });
}

void add_job(std::vector<Sample>& all) {
  Samples job(all, "org.jobpool.Job");
  job.request("Get", "", GetRequest{JobId{12}, Microseconds(1'500'000), false}, read_get, write_get);
  job.reply("Get", "", full_ending(), read_ending, write_ending);
  Ending binary = full_ending();
  binary.standard_output.bytes = binary.standard_error.bytes = "\x80";
  job.reply("Get", "binary", binary, read_ending, write_ending);
  job.reply("Get", "batch", full_batch_ending(), read_ending, write_ending);
  job.reply("Get", "chunk", chunk_ending(), read_ending, write_ending);
  job.request("Wait", "", WaitRequest{{JobId{1}, JobId{2}}, Microseconds(0)}, read_wait, write_wait);
  job.empty_reply("Wait");
  add_flag_method(job, "Ready", "ready");
  add_flag_method(job, "Successful", "successful");
  job.request("Show", "", JobId{12}, read_id, write_id);
  job.reply("Show", "", full_job(), read_job, write_job);
  job.reply("Show", "scheduled", full_scheduled_job(), read_job, write_job);
  job.reply("Show", "times", full_job_with_times(), read_job, write_job);
  job.reply("Show", "retry", retried_job(), read_job, write_job);
  job.reply("List", "retry", retried_job(), read_job, write_job);
  job.request("List", "", ListRequest{JobState::done, "images", 0}, read_list, write_list, CallMode::more);
  job.reply("List", "", full_job(), read_job, write_job);
  job.reply("List", "scheduled", full_scheduled_job(), read_job, write_job);
  job.reply("List", "times", full_job_with_times(), read_job, write_job);
  job.request("Logs", "", LogsRequest{JobId{12}, true}, read_logs, write_logs);
  job.request("Logs", "at_once", LogsRequest{JobId{12}, false, false}, read_logs, write_logs);
  job.reply("Logs", "", LogPlace{0, true}, read_log_place, write_log_place);
  job.request("Cancel", "", CancelRequest{{JobId{3}, JobId{4}}, true}, read_cancel, write_cancel);
  job.reply(
      "Cancel", "", std::vector<JobId>{JobId{4}}, [](JsonText parameters) { return read_ids("cancelled", parameters); },
      [](const std::vector<JobId>& ids) { return write_ids("cancelled", ids); });
  job.request("Retry", "", RetryRequest{JobId{12}, "5d41402abc4b2a76b9719d911017c592"}, read_retry, write_retry);
  job.request("Retry", "no_key", RetryRequest{JobId{12}, ""}, read_retry, write_retry);
  job.reply("Retry", "", JobId{13}, read_accepted, write_accepted);
  job.request("Remove", "", RemoveRequest{{JobId{5}, JobId{6}}}, read_remove, write_remove);
  job.reply(
      "Remove", "", std::vector<JobId>{JobId{5}}, [](JsonText parameters) { return read_ids("removed", parameters); },
      [](const std::vector<JobId>& ids) { return write_ids("removed", ids); });
  job.request("Clean", "", CleanRequest{Microseconds(86'400'000'000), Outcome::timed_out, "images"}, read_clean, write_clean);
  job.request("Clean", "all", CleanRequest{}, read_clean, write_clean);
  job.reply(
      "Clean", "", std::int64_t{1'000'000}, [](JsonText parameters) { return read_count("removed", parameters); },
      [](std::int64_t count) { return write_count("removed", count); });
  job.request("Kill", "", KillRequest{JobId{12}, 15}, read_kill, write_kill);
  job.empty_reply("Kill");
}

void add_count_method(Samples& queue, const std::string& method, const std::string& field) {
  queue.request(method, "", std::string("mail"), read_queue_name, write_queue_name);
  queue.reply(
      method, "", std::int64_t{7}, [field](JsonText parameters) { return read_count(field, parameters); },
      [field](std::int64_t count) { return write_count(field, count); });
}

void add_state_method(Samples& queue, const std::string& method, const std::string& field) {
  queue.request(method, "", std::string("mail"), read_queue_name, write_queue_name);
  queue.reply(
      method, "", false, [field](JsonText parameters) { return read_flag(field, parameters); },
      [field](bool value) { return write_flag(field, value); });
}

void add_queue(std::vector<Sample>& all) {
  Samples queue(all, "org.jobpool.Queue");
  queue.request("Create", "", QueueCreateRequest{"mail", 100, true, true}, read_queue_create, write_queue_create);
  queue.empty_reply("Create");
  queue.request("Put", "", QueuePutRequest{"mail", {R"({"to":"就绪"})", "7"}, full_wait()}, read_queue_put, write_queue_put);
  queue.request("Put", "no_wait", QueuePutRequest{"mail", {"null"}, {false, {}, "", {}}}, read_queue_put, write_queue_put);
  queue.empty_reply("Put");
  queue.request("Get", "", QueueGetRequest{"mail", 10'000, full_wait()}, read_queue_get, write_queue_get);
  queue.request("Get", "no_wait", QueueGetRequest{"mail", 1, {false, {}, "", {}}}, read_queue_get, write_queue_get);
  const auto write = [](const std::vector<std::string>& items) {
    return write_items(std::vector<std::string_view>(items.begin(), items.end()));
  };
  queue.reply("Get", "", std::vector<std::string>{R"({"to":"就绪"})", "7"}, read_items, write);
  add_state_method(queue, "Full", "full");
  add_state_method(queue, "Empty", "empty");
  add_count_method(queue, "Size", "size");
  queue.request("Done", "", QueueDoneRequest{"mail", 3, "k"}, read_queue_done, write_queue_done);
  queue.reply(
      "Done", "", std::int64_t{4}, [](JsonText parameters) { return read_count("unfinished", parameters); },
      [](std::int64_t count) { return write_count("unfinished", count); });
  queue.request("Join", "", QueueJoinRequest{"mail", Microseconds(0), JobId{12}}, read_queue_join, write_queue_join);
  queue.empty_reply("Join");
  add_count_method(queue, "Delete", "items");
  queue.empty_request("List");
  queue.reply("List", "", std::vector<Queue>{full_queue(), Queue{"b"}}, read_queues, write_queues);
  queue.request("Show", "", std::string("mail"), read_queue_name, write_queue_name);
  queue.reply("Show", "", full_queue(), read_queue, write_queue);
}

void add_process(std::vector<Sample>& all) {
  Samples process(all, "org.jobpool.Process");
  process.request("Start", "", ProcessStartRequest{command_target(), "mailer", true, "k"}, read_process_start, write_process_start);
  process.request("Start", "function", ProcessStartRequest{function_target(), "", false, ""}, read_process_start, write_process_start);
  process.request("Start", "memory", ProcessStartRequest{bounded_command(), "", false, ""}, read_process_start, write_process_start);
  process.request("Start", "inherited", ProcessStartRequest{inheriting_command(), "", false, ""}, read_process_start, write_process_start);
  process.request("Start", "binary", ProcessStartRequest{binary_target(), "", false, ""}, read_process_start, write_process_start);
  process.reply("Start", "", ProcessStarted{"mailer", JobId{7}}, read_process_started, write_process_started);
  process.request("Join", "", ProcessJoinRequest{"mailer", Microseconds(5)}, read_process_join, write_process_join);
  process.empty_reply("Join");
  process.request("Alive", "", std::string("mailer"), read_process_name, write_process_name);
  process.reply(
      "Alive", "", true, [](JsonText parameters) { return read_flag("alive", parameters); },
      [](bool value) { return write_flag("alive", value); });
  process.request("Show", "", std::string("mailer"), read_process_name, write_process_name);
  process.reply("Show", "", full_process(), read_process, write_process);
  for (const char* method : {"Terminate", "Kill"}) {
    process.request(method, "", std::string("mailer"), read_process_name, write_process_name);
    process.empty_reply(method);
  }
  process.request("List", "", true, read_process_list, write_process_list);
  process.reply("List", "", std::vector<Process>{full_process(), young_process()}, read_processes, write_processes);
}

}  // namespace

std::vector<Sample> all_samples() {
  std::vector<Sample> all;
  add_service(all);
  add_pool(all);
  add_pool_control(all);
  add_job(all);
  add_queue(all);
  add_process(all);
  return all;
}

}  // namespace jobpool::proto
