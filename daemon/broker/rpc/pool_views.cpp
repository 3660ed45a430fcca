// From the core's pool to the protocol's.
#include "daemon/broker/rpc/pool_views.hpp"

namespace jobpool::broker {
namespace {

const char* state_of(const CorePool& pool) {
  if (pool.record.state == PoolState::running) return pool.record.paused ? "paused" : "running";
  if (pool.has_left()) return "joined";
  return pool.record.state == PoolState::closed ? "closed" : "terminated";
}

void fill(proto::PoolStatus& view, const CorePool& pool) {
  view.name = pool.record.settings.name;
  view.state = state_of(pool);
  view.workers = static_cast<std::int64_t>(pool.workers.size());
  view.workers_idle = static_cast<std::int64_t>(pool.workers.idle_count());
  for (const auto& [incarnation, worker] : pool.workers) view.workers_running += worker.in_flight.empty() ? 0 : 1;
  // As they are shown one by one (shown_state): what has ended, and is not yet where it survives, still runs; while the pool is paused,
  // what is ready waits.
  const auto ready = static_cast<std::int64_t>(pool.jobs.ready);
  view.ready = pool.record.paused ? 0 : ready;
  view.waiting = static_cast<std::int64_t>(pool.jobs.waiting) + (pool.record.paused ? ready : 0);
  view.running = static_cast<std::int64_t>(pool.jobs.running + pool.jobs.done - pool.jobs.settled);
  view.done = static_cast<std::int64_t>(pool.jobs.settled);
}

}  // namespace

proto::PoolStatus pool_status_view(const CorePool& pool) {
  proto::PoolStatus view;
  fill(view, pool);
  return view;
}

proto::PoolInfo pool_view(const CorePool& pool, const JobCore& core) {
  proto::PoolInfo view;
  fill(view, pool);
  const PoolSettings& settings = pool.record.settings;
  view.size = core.size_of(pool);
  view.threads = settings.threads;
  if (settings.min) {
    view.min = *settings.min;
    view.idle_usec = settings.idle_time.count();
  }
  if (settings.max_tasks > 0) view.max_tasks = settings.max_tasks;
  if (settings.memory_bytes > 0) view.memory_bytes = static_cast<std::int64_t>(settings.memory_bytes);
  view.initializer = settings.initializer;
  if (!settings.initializer.empty()) view.arguments = settings.arguments;
  view.setup_error = pool.setup_error;
  view.setup_failures = pool.setup_failures;
  return view;
}

}  // namespace jobpool::broker
