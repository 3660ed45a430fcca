// Numbers, as they travel: the reply of Stats.
#include "proto/stats_messages.hpp"

#include <utility>

#include "proto/parts.hpp"

namespace jobpool::proto {
namespace {

// In the order of Outcome.
constexpr std::array<std::string_view, kOutcomeCount> kOutcomeCounts{"succeeded", "failed",  "crashed",     "timedOut",
                                                                     "cancelled", "skipped", "interrupted", "poison"};

std::int64_t stats_number(Fields& fields, std::string_view name) { return fields.required_integer(name, 0, kMaxInteger); }

// Each field once, for reading and writing: `visit(name, number)`.
template <class Times, class Visit>
void each_time(Times& latency, Visit visit) {
  visit("count", latency.count);
  visit("meanUSec", latency.mean_usec);
  visit("minUSec", latency.min_usec);
  visit("maxUSec", latency.max_usec);
  visit("p50USec", latency.p50_usec);
  visit("p90USec", latency.p90_usec);
  visit("p99USec", latency.p99_usec);
}
template <class Counts, class Visit>
void each_count(Counts& pool, Visit visit) {
  visit("accepted", pool.accepted);
  visit("started", pool.started);
  for (std::size_t i = 0; i < kOutcomeCounts.size(); ++i) visit(kOutcomeCounts[i], pool.ended[i]);
  visit("retried", pool.retried);
  visit("revoked", pool.revoked);
  visit("recentAccepted", pool.recent_accepted);
  visit("recentStarted", pool.recent_started);
  visit("recentEnded", pool.recent_ended);
}
template <class All, class Visit>
void each_of_daemon(All& stats, Visit visit) {
  visit("sinceUSec", stats.since_usec);
  visit("recentUSec", stats.recent_usec);
  visit("refused", stats.refused);
  visit("workerRestarts", stats.worker_restarts);
  visit("brokerRestarts", stats.broker_restarts);
  visit("rescuedWakeups", stats.rescued_wakeups);
  visit("eventsListeners", stats.events_listeners);
}

void append_latency(std::string& out, const Latency& latency) {
  ObjectWriter object(out);
  each_time(latency, [&](std::string_view name, std::int64_t number) { object.integer(name, number); });
  object.close();
}

Result<Latency> read_latency(JsonText object, std::string_view path) {
  Fields fields(object, MessageKind::reply, path);
  Latency latency;
  each_time(latency, [&](std::string_view name, std::int64_t& number) { number = stats_number(fields, name); });
  return finished(fields, latency);
}

}  // namespace

void append_pool_stats(std::string& out, const PoolStats& pool) {
  ObjectWriter object(out);
  object.text("name", pool.name);
  each_count(pool, [&](std::string_view name, std::int64_t number) { object.integer(name, number); });
  append_latency(object.key("queueing"), pool.queueing);
  append_latency(object.key("running"), pool.running);
  object.close();
}

Result<PoolStats> read_pool_stats(JsonText object, std::string_view path) {
  Fields fields(object, MessageKind::reply, path);
  PoolStats pool;
  pool.name = fields.required_text("name");
  each_count(pool, [&](std::string_view name, std::int64_t& number) { number = stats_number(fields, name); });
  const auto queueing = fields.required_object("queueing"), running = fields.required_object("running");
  if (auto checked = fields.finish(); !checked) return checked.error();
  const auto queued = read_latency(*queueing, "queueing"), ran = read_latency(*running, "running");
  if (!queued || !ran) return queued ? ran.error() : queued.error();
  pool.queueing = *queued;
  pool.running = *ran;
  return pool;
}

std::string write_stats(const Stats& stats) {
  std::string out;
  ObjectWriter object(out);
  each_of_daemon(stats, [&](std::string_view name, std::int64_t number) { object.integer(name, number); });
  append_pool_stats(object.key("total"), stats.total);
  object.key("pools") += '[';
  for (const PoolStats& pool : stats.pools) {
    if (&pool != &stats.pools.front()) out += ',';
    append_pool_stats(out, pool);
  }
  out += ']';
  object.close();
  return out;
}

Result<Stats> read_stats(JsonText parameters) {
  Fields fields(parameters, MessageKind::reply);
  Stats stats;
  each_of_daemon(stats, [&](std::string_view name, std::int64_t& number) { number = stats_number(fields, name); });
  const auto total = fields.required_object("total");
  const auto pools = fields.required_array("pools");
  if (auto checked = fields.finish(); !checked) return checked.error();
  auto all = read_pool_stats(*total, "total");
  if (!all) return all.error();
  stats.total = *std::move(all);
  for (const JsonText object : *pools) {
    auto pool = read_pool_stats(object, "pools");
    if (!pool) return pool.error();
    stats.pools.push_back(*std::move(pool));
  }
  return stats;
}

}  // namespace jobpool::proto
