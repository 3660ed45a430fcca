// What a monitoring system collects, as it travels: the reply of Metrics.
#include "proto/metrics_messages.hpp"

#include <algorithm>
#include <utility>

#include "proto/parts.hpp"

namespace jobpool::proto {
namespace {

// Each field once, for reading and writing: `visit(name, number)`.
template <class All, class Visit>
void each_metric(All& metrics, Visit visit) {
  visit("sinceUSec", metrics.since_usec);
  visit("uptimeUSec", metrics.uptime_usec);
  visit("connections", metrics.connections);
  visit("eventsListeners", metrics.events_listeners);
  visit("refused", metrics.refused);
  visit("workerRestarts", metrics.worker_restarts);
  visit("brokerRestarts", metrics.broker_restarts);
  visit("rescuedWakeups", metrics.rescued_wakeups);
  visit("databaseBytes", metrics.store.database_bytes);
  visit("logBytes", metrics.store.log_bytes);
  visit("queuesBytes", metrics.store.queues_bytes);
  visit("freeBytes", metrics.store.free_bytes);
}
template <class Pool, class Visit>
void each_times(Pool& pool, Visit visit) {
  visit("queueing", pool.queueing);
  visit("running", pool.running);
  visit("endToEnd", pool.end_to_end);
}

void append_counts(std::string& out, const std::vector<std::int64_t>& counts) {
  out += '[';
  for (const std::int64_t& count : counts) {
    if (&count != &counts.front()) out += ',';
    append_integer(out, count);
  }
  out += ']';
}

void append_times(std::string& out, const Times& times) {
  ObjectWriter object(out);
  object.integer("sumUSec", times.sum_usec);
  append_counts(object.key("counts"), times.counts);
  object.close();
}

void append_pool_metrics(std::string& out, const PoolMetrics& pool) {
  ObjectWriter object(out);
  ObjectWriter status(object.key("status"));
  write_pool_status(status, pool.status);
  status.close();
  append_pool_stats(object.key("stats"), pool.stats);
  each_times(pool, [&](std::string_view name, const Times& times) { append_times(object.key(name), times); });
  object.close();
}

// Nothing, where the field was off and was rejected.
std::vector<std::int64_t> take_counts(Fields& fields, std::string_view name) {
  std::vector<std::int64_t> counts;
  const auto array = fields.required_array(name);
  if (!array) return counts;
  for (const JsonText value : *array) {
    const std::optional<std::int64_t> count = value.integer();
    if (!count || *count < 0) {
      fields.reject(name);
      return counts;
    }
    counts.push_back(*count);
  }
  return counts;
}

Result<Times> read_times(JsonText object, std::string_view path, std::size_t bounds) {
  Fields fields(object, MessageKind::reply, path);
  Times times;
  times.sum_usec = fields.required_integer("sumUSec", 0, kMaxInteger);
  times.counts = take_counts(fields, "counts");
  if (times.counts.size() != bounds + 1) fields.reject("counts");
  return finished(fields, std::move(times));
}

Result<PoolMetrics> read_pool_metrics(JsonText object, std::size_t bounds) {
  Fields fields(object, MessageKind::reply, "pools");
  const auto status = fields.required_object("status"), stats = fields.required_object("stats");
  PoolMetrics pool;
  std::vector<std::pair<std::optional<JsonText>, Times*>> found;
  each_times(pool, [&](std::string_view name, Times& times) { found.emplace_back(fields.required_object(name), &times); });
  if (auto checked = fields.finish(); !checked) return checked.error();
  Fields of_status(*status, MessageKind::reply, "pools.status");
  take_pool_status(of_status, pool.status);
  if (auto checked = of_status.finish(); !checked) return checked.error();
  auto counts = read_pool_stats(*stats, "pools.stats");
  if (!counts) return counts.error();
  pool.stats = *std::move(counts);
  for (const auto& [times, target] : found) {
    auto read = read_times(*times, "pools.times", bounds);
    if (!read) return read.error();
    *target = *std::move(read);
  }
  return pool;
}

}  // namespace

std::string write_metrics(const Metrics& metrics) {
  std::string out;
  ObjectWriter object(out);
  object.text("version", metrics.version);
  each_metric(metrics, [&](std::string_view name, std::int64_t number) { object.integer(name, number); });
  append_counts(object.key("boundsUSec"), metrics.bounds_usec);
  append_times(object.key("commits"), metrics.commits);
  object.key("pools") += '[';
  for (const PoolMetrics& pool : metrics.pools) {
    if (&pool != &metrics.pools.front()) out += ',';
    append_pool_metrics(out, pool);
  }
  out += ']';
  object.close();
  return out;
}

Result<Metrics> read_metrics(JsonText parameters) {
  Fields fields(parameters, MessageKind::reply);
  Metrics metrics;
  metrics.version = fields.required_text("version");
  each_metric(metrics, [&](std::string_view name, std::int64_t& number) { number = fields.required_integer(name, 0, kMaxInteger); });
  metrics.bounds_usec = take_counts(fields, "boundsUSec");
  if (!std::ranges::is_sorted(metrics.bounds_usec)) fields.reject("boundsUSec");
  const auto commits = fields.required_object("commits");
  const auto pools = fields.required_array("pools");
  if (auto checked = fields.finish(); !checked) return checked.error();
  auto committed = read_times(*commits, "commits", metrics.bounds_usec.size());
  if (!committed) return committed.error();
  metrics.commits = *std::move(committed);
  for (const JsonText object : *pools) {
    auto pool = read_pool_metrics(object, metrics.bounds_usec.size());
    if (!pool) return pool.error();
    metrics.pools.push_back(*std::move(pool));
  }
  return metrics;
}

}  // namespace jobpool::proto
