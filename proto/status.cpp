// Who is there, and how it goes: the replies of Hello and Status.
#include "proto/fields.hpp"
#include "proto/json_writer.hpp"
#include "proto/messages.hpp"
#include "proto/parts.hpp"

namespace jobpool::proto {
namespace {

constexpr std::size_t kMaxUnderstood = 1000;  // words; a daemon has a few

std::int64_t require_count(Fields& fields, std::string_view name) { return fields.required_integer(name, 0, kMaxInteger); }

Result<PoolStatus> read_status_of_pool(JsonText object) {
  Fields fields(object, MessageKind::reply, "pools");
  PoolStatus pool;
  take_pool_status(fields, pool);
  return finished(fields, std::move(pool));
}

int require_pid(Fields& fields, std::string_view name) {
  return static_cast<int>(fields.required_integer(name, 0, std::numeric_limits<int>::max()));
}

}  // namespace

std::string write_hello(const Hello& hello) {
  return written([&](ObjectWriter& object) {
    object.text("version", hello.version);
    object.text("instance", hello.instance);
    object.integer("supervisorPid", hello.supervisor_pid);
    object.integer("brokerPid", hello.broker_pid);
    object.integer("sinceUSec", hello.since_usec);
    if (!hello.understands.empty()) object.words("understands", hello.understands);
  });
}

Result<Hello> read_hello(JsonText parameters) {
  Fields fields(parameters, MessageKind::reply);
  Hello hello;
  hello.version = fields.required_text("version");
  hello.instance = fields.required_text("instance");
  hello.supervisor_pid = require_pid(fields, "supervisorPid");
  hello.broker_pid = require_pid(fields, "brokerPid");
  hello.since_usec = require_count(fields, "sinceUSec");
  hello.understands = fields.words("understands", kMaxUnderstood).value_or(std::vector<std::string>{});
  return finished(fields, std::move(hello));
}

std::string write_status(const Status& status) {
  std::string out;
  ObjectWriter object(out);
  object.text("version", status.version);
  object.text("instance", status.instance);
  object.integer("uptimeUSec", status.uptime_usec);
  object.integer("connections", status.connections);
  object.key("pools") += '[';
  for (const PoolStatus& pool : status.pools) {
    if (&pool != &status.pools.front()) out += ',';
    ObjectWriter pool_object(out);
    write_pool_status(pool_object, pool);
    pool_object.close();
  }
  out += ']';
  object.integer("workerRestarts", status.worker_restarts);
  object.integer("brokerRestarts", status.broker_restarts);
  object.integer("rescuedWakeups", status.rescued_wakeups);
  object.integer_if("reloads", status.reloads);
  object.integer_if("failedReloads", status.failed_reloads);
  object.integer_if("workersRetiring", status.workers_retiring);
  if (status.draining) object.flag("draining", *status.draining);
  object.close();
  return out;
}

Result<Status> read_status(JsonText parameters) {
  Fields fields(parameters, MessageKind::reply);
  Status status;
  status.version = fields.required_text("version");
  status.instance = fields.required_text("instance");
  status.uptime_usec = require_count(fields, "uptimeUSec");
  status.connections = require_count(fields, "connections");
  status.worker_restarts = require_count(fields, "workerRestarts");
  status.broker_restarts = require_count(fields, "brokerRestarts");
  status.rescued_wakeups = require_count(fields, "rescuedWakeups");
  status.reloads = fields.integer("reloads", 0, kMaxInteger);
  status.failed_reloads = fields.integer("failedReloads", 0, kMaxInteger);
  status.workers_retiring = fields.integer("workersRetiring", 0, kMaxInteger);
  status.draining = fields.flag("draining");
  const auto pools = fields.required_array("pools");
  if (auto checked = fields.finish(); !checked) return checked.error();
  for (const JsonText object : *pools) {
    Result<PoolStatus> pool = read_status_of_pool(object);
    if (!pool) return pool.error();
    status.pools.push_back(*std::move(pool));
  }
  return status;
}

}  // namespace jobpool::proto
