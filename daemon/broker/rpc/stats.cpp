// Stats: what this broker has done, in numbers.
#include <algorithm>

#include "daemon/broker/rpc/stats_views.hpp"
#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {
namespace {

std::int64_t counted(std::uint64_t count) { return static_cast<std::int64_t>(count); }

proto::Latency latency_view(const Histogram& histogram) {
  const Histogram::Summary summary = histogram.summary();
  return {counted(summary.count), summary.mean.count(), summary.min.count(), summary.max.count(),
          summary.p50.count(),    summary.p90.count(),  summary.p99.count()};
}

}  // namespace

proto::PoolStats stats_view(std::string_view name, const PoolCounts& counts) {
  proto::PoolStats view;
  view.name = name;
  view.accepted = counted(counts.accepted);
  view.started = counted(counts.started);
  view.retried = counted(counts.retried);
  view.revoked = counted(counts.revoked);
  std::ranges::transform(counts.ended, view.ended.begin(), counted);
  view.queueing = latency_view(counts.queueing);
  view.running = latency_view(counts.running);
  return view;
}

proto::PoolStats stats_view(std::string_view name, const PoolCounts& counts, std::int64_t second) {
  proto::PoolStats view = stats_view(name, counts);
  view.recent_accepted = counted(counts.recent_accepted.count(second));
  view.recent_started = counted(counts.recent_started.count(second));
  view.recent_ended = counted(counts.recent_ended.count(second));
  return view;
}

void Verbs::stats(const CallPtr& call) {
  if (const auto read = proto::read_nothing(call->envelope.parameters); !read) return invalid_parameter(*call, read.error());
  engine_.dispatcher().drain_all();
  const Stats& counted_by = engine_.stats();
  const std::int64_t second = engine_.second(engine_.now());
  proto::Stats view;
  view.since_usec = engine_.since_usec();
  view.recent_usec = std::clamp<std::int64_t>(second - engine_.first_second(), 0, Recent::kSeconds) * 1'000'000;
  view.refused = counted(counted_by.refusals());
  view.worker_restarts = counted(engine_.ledger().worker_restarts());
  view.broker_restarts = surroundings_.broker_restarts;
  view.rescued_wakeups = engine_.dispatcher().rescued_wakeups();
  view.events_listeners = counted(feed_.listeners());
  view.total = stats_view("all pools", counted_by.total());
  const Stats::Rates rates = counted_by.rates(second);
  view.total.recent_accepted = counted(rates.accepted);
  view.total.recent_started = counted(rates.started);
  view.total.recent_ended = counted(rates.ended);
  const PoolCounts nothing;
  engine_.core().pools().each([&](const CorePool& pool) {
    if (pool.record.deleted) return;
    const PoolCounts* found = counted_by.find(pool.record.number);
    view.pools.push_back(stats_view(pool.record.settings.name, found == nullptr ? nothing : *found, second));
  });
  call->reply(proto::write_stats(view));
}

}  // namespace jobpool::broker
