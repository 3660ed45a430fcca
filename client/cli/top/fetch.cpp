// See fetch.hpp.
#include "client/cli/top/fetch.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace jobpool::cli {
namespace {

constexpr std::int64_t kNewestJobs = 200;
constexpr std::size_t kMostPools = 16;        // whose workers are asked for
constexpr std::size_t kMostRunningJobs = 64;  // that are older than the newest

// One question with one answer.
template <class Read>
auto ask_one(const AskDaemon& ask, std::string_view method, const std::string& parameters, Read read)
    -> decltype(read(std::declval<proto::JsonText>())) {
  const auto replies = ask(method, parameters, proto::CallMode::plain);
  if (!replies) return replies.error();
  return read(replies->back());
}

Result<void> fetch_workers(const AskDaemon& ask, const TopView& view, TopData& data) {
  std::size_t asked = 0;
  for (const proto::PoolStatus& pool : data.status.pools) {
    if (pool.workers == 0 || (!view.pool.empty() && pool.name != view.pool)) continue;
    if (++asked > kMostPools) return {};
    const auto known = ask_one(ask, "org.jobpool.Pool.Show", proto::write_pool_name(pool.name), proto::read_pool);
    if (!known && known.error().code == Errc::not_found) continue;  // deleted just now
    if (!known) return known.error();
    for (const proto::PoolWorker& worker : known->worker_list) data.workers.push_back({pool.name, worker});
  }
  return {};
}

Result<void> fetch_newest(const AskDaemon& ask, const TopView& view, TopData& data) {
  proto::ListRequest request;
  if (!view.pool.empty()) request.pool = view.pool;
  request.limit = kNewestJobs;
  const auto replies = ask("org.jobpool.Job.List", proto::write_list(request), proto::CallMode::more);
  if (!replies) return replies.error();
  for (const proto::JsonObject& parameters : *replies) {
    if (!parameters.member("job")) continue;
    auto job = proto::read_job(parameters);
    if (!job) return job.error();
    data.jobs.push_back(*std::move(job));
  }
  return {};
}

Result<void> fetch_running(const AskDaemon& ask, TopData& data) {
  std::unordered_set<std::uint64_t> known;
  for (const proto::Job& job : data.jobs) known.insert(job.id.value);
  std::size_t asked = 0;
  for (const TopData::Worker& worker : data.workers) {
    if (!worker.worker.job || known.contains(worker.worker.job->value)) continue;
    if (++asked > kMostRunningJobs) return {};
    auto job = ask_one(ask, "org.jobpool.Job.Show", proto::write_id(*worker.worker.job), proto::read_job);
    if (!job && job.error().code == Errc::not_found) continue;
    if (!job) return job.error();
    data.jobs.push_back(*std::move(job));
  }
  return {};
}

}  // namespace

Result<TopData> fetch_top(const AskDaemon& ask, const TopView& view) {
  TopData data;
  auto status = ask_one(ask, "org.jobpool.Pool.Status", "{}", proto::read_status);
  if (!status) return status.error();
  data.status = *std::move(status);
  auto stats = ask_one(ask, "org.jobpool.Pool.Stats", "{}", proto::read_stats);
  if (!stats) return stats.error();
  data.stats = *std::move(stats);
  if (auto done = fetch_workers(ask, view, data); !done) return done.error();
  if (auto done = fetch_newest(ask, view, data); !done) return done.error();
  if (auto done = fetch_running(ask, data); !done) return done.error();
  data.now_usec = wall_usec();
  return data;
}

}  // namespace jobpool::cli
