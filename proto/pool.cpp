// What is known of a pool: the replies of Pool.Show and Pool.List.
#include "proto/fields.hpp"
#include "proto/json_writer.hpp"
#include "proto/messages.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {

void write_pool_status(ObjectWriter& object, const PoolStatus& pool) {
  object.text("name", pool.name);
  object.text("state", pool.state);
  object.integer("workers", pool.workers);
  object.integer("workersIdle", pool.workers_idle);
  object.integer("workersRunning", pool.workers_running);
  object.integer("ready", pool.ready);
  object.integer("running", pool.running);
  object.integer("waiting", pool.waiting);
  object.integer("done", pool.done);
  object.integer_if("readyTimeUSec", pool.ready_time_usec);
  object.integer_if("runningTimeUSec", pool.running_time_usec);
  object.integer_if("waitingTimeUSec", pool.waiting_time_usec);
}

void take_pool_status(Fields& fields, PoolStatus& pool) {
  const auto count = [&](std::string_view name) { return fields.required_integer(name, 0, kMaxInteger); };
  pool.name = fields.required_text("name");
  pool.state = fields.required_text("state");
  pool.workers = count("workers");
  pool.workers_idle = count("workersIdle");
  pool.workers_running = count("workersRunning");
  pool.ready = count("ready");
  pool.running = count("running");
  pool.waiting = count("waiting");
  pool.done = count("done");
  pool.ready_time_usec = fields.integer("readyTimeUSec", 0, kMaxInteger);
  pool.running_time_usec = fields.integer("runningTimeUSec", 0, kMaxInteger);
  pool.waiting_time_usec = fields.integer("waitingTimeUSec", 0, kMaxInteger);
}

namespace {

constexpr std::size_t kMaxJobsInWorker = 64;  // far more than one may have

void append_worker_of_pool(std::string& out, const PoolWorker& worker) {
  ObjectWriter object(out);
  object.integer("number", worker.number);
  object.integer("pid", worker.pid);
  object.text("state", worker.state);
  if (worker.job) object.integer("job", number_of(*worker.job));
  object.integer("tasks", worker.tasks);
  write_ids_if(object, "jobs", worker.jobs);
  object.close();
}

Result<PoolWorker> read_worker_of_pool(JsonText object) {
  Fields fields(object, MessageKind::reply, "pool.workerList");
  PoolWorker worker;
  worker.number = static_cast<std::uint32_t>(fields.required_integer("number", 0, std::numeric_limits<std::uint32_t>::max()));
  worker.pid = static_cast<int>(fields.required_integer("pid", 0, std::numeric_limits<int>::max()));
  worker.state = fields.required_text("state");
  if (const auto job = fields.integer("job", 1, kMaxInteger)) worker.job = JobId{static_cast<std::uint64_t>(*job)};
  worker.tasks = fields.required_integer("tasks", 0, kMaxInteger);
  worker.jobs = fields.ids("jobs", kMaxJobsInWorker);
  return finished(fields, std::move(worker));
}

void append_pool_info(std::string& out, const PoolInfo& pool) {
  ObjectWriter object(out);
  write_pool_status(object, pool);
  object.integer_if("size", pool.size);
  object.integer_if("threads", pool.threads);
  object.integer_if("min", pool.min);
  object.integer_if("idleUSec", pool.idle_usec);
  object.integer_if("maxTasksPerWorker", pool.max_tasks);
  object.integer_if("memoryBytes", pool.memory_bytes);
  object.text_if("initializer", pool.initializer);
  object.text_if("arguments", pool.arguments);
  object.text_if("setupError", pool.setup_error);
  if (pool.setup_failures > 0) object.integer("setupFailures", pool.setup_failures);
  if (!pool.worker_list.empty()) {
    std::string& list = object.key("workerList");
    for (const PoolWorker& worker : pool.worker_list) {
      list += &worker == &pool.worker_list.front() ? '[' : ',';
      append_worker_of_pool(list, worker);
    }
    list += ']';
  }
  object.close();
}

Result<PoolInfo> read_pool_info(JsonText json, std::string_view path) {
  Fields fields(json, MessageKind::reply, path);
  PoolInfo pool;
  take_pool_status(fields, pool);
  pool.size = fields.integer("size", 0, kMaxInteger);
  pool.threads = fields.integer("threads", 1, kMaxInteger);
  pool.min = fields.integer("min", 0, kMaxInteger);
  pool.idle_usec = fields.integer("idleUSec", 0, kMaxInteger);
  pool.max_tasks = fields.integer("maxTasksPerWorker", 0, kMaxInteger);
  pool.memory_bytes = fields.integer("memoryBytes", 0, kMaxInteger);
  pool.initializer = fields.text("initializer").value_or("");
  pool.arguments = fields.text("arguments").value_or("");
  pool.setup_error = fields.text("setupError").value_or("");
  pool.setup_failures = fields.integer("setupFailures", 0, kMaxInteger).value_or(0);
  const auto workers = fields.array("workerList");
  if (auto checked = fields.finish(); !checked) return checked.error();
  if (!workers) return pool;
  for (const JsonText object : *workers) {
    Result<PoolWorker> worker = read_worker_of_pool(object);
    if (!worker) return worker.error();
    pool.worker_list.push_back(*std::move(worker));
  }
  return pool;
}

}  // namespace

std::string write_pool(const PoolInfo& pool) {
  std::string out = "{\"pool\":";
  append_pool_info(out, pool);
  out += '}';
  return out;
}

Result<PoolInfo> read_pool(JsonText parameters) {
  const auto object = only_object(parameters, "pool", MessageKind::reply);
  if (!object) return object.error();
  return read_pool_info(*object, "pool");
}

std::string write_pools(const std::vector<PoolInfo>& pools) {
  std::string out = "{\"pools\":[";
  for (const PoolInfo& pool : pools) {
    if (&pool != &pools.front()) out += ',';
    append_pool_info(out, pool);
  }
  out += "]}";
  return out;
}

Result<std::vector<PoolInfo>> read_pools(JsonText parameters) {
  Fields fields(parameters, MessageKind::reply);
  const auto array = fields.required_array("pools");
  if (auto checked = fields.finish(); !checked) return checked.error();
  std::vector<PoolInfo> pools;
  for (const JsonText object : *array) {
    Result<PoolInfo> pool = read_pool_info(object, "pools");
    if (!pool) return pool.error();
    pools.push_back(*std::move(pool));
  }
  return pools;
}

}  // namespace jobpool::proto
