// What is said to a pool as a whole: close, terminate, join, resize, pause, resume, show. Each may be said again to a broker that was
// restarted: saying it twice is as saying it once.
#include <algorithm>

#include "client/lib/pool_info.hpp"
#include "client/lib/raise.hpp"
#include "client/lib/timed_call.hpp"
#include "jobpool/pool.hpp"

namespace jobpool {
namespace client {
namespace {

std::uint64_t counted(std::int64_t count) { return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0)); }

proto::JsonObject tell_pool(Connections& connections, std::string_view method, const std::string& parameters) {
  return ask(connections, method, parameters, Resend::always);
}

}  // namespace

proto::CreatePoolRequest create_request(const std::string& name, const PoolOptions& options) {
  proto::CreatePoolRequest request;
  request.name = name;
  request.workers = static_cast<int>(std::min(options.workers, kMaxWorkers + 1));  // the daemon says what is too much
  if (options.threads) request.threads = static_cast<int>(std::min<unsigned>(*options.threads, proto::kMaxThreadsPerWorker + 1U));
  if (options.min) request.min = static_cast<int>(std::min(*options.min, kMaxWorkers + 1));
  request.idle_time = options.idle_time;
  if (options.max_tasks_per_worker)
    request.max_tasks = static_cast<int>(std::min<unsigned>(*options.max_tasks_per_worker, proto::kMaxTasksPerWorker + 1U));
  if (options.memory_bytes) request.memory_bytes = static_cast<std::int64_t>(std::min<std::uint64_t>(*options.memory_bytes, INT64_MAX));
  request.initializer = options.initializer;
  request.arguments = options.arguments;
  return request;
}

PoolInfo pool_info(const proto::PoolInfo& pool) {
  PoolInfo info;
  info.name = pool.name;
  info.state = pool.state;
  info.size = counted(pool.size.value_or(0));
  info.threads = static_cast<unsigned>(pool.threads.value_or(1));
  info.workers = counted(pool.workers);
  info.workers_idle = counted(pool.workers_idle);
  info.workers_running = counted(pool.workers_running);
  info.ready = counted(pool.ready);
  info.running = counted(pool.running);
  info.waiting = counted(pool.waiting);
  info.done = counted(pool.done);
  info.setup_error = pool.setup_error;
  for (const proto::PoolWorker& one : pool.worker_list) {
    PoolInfo::Worker worker{one.number, one.pid, one.state, {}, counted(one.tasks)};
    if (one.job) worker.job = one.job->value;
    for (const JobId job : one.jobs) worker.jobs.push_back(job.value);
    info.worker_list.push_back(std::move(worker));
  }
  return info;
}

}  // namespace client

void Pool::close() const { client::tell_pool(*connections_, "org.jobpool.Pool.Close", proto::write_pool_name(name_)); }

void Pool::terminate(std::optional<std::chrono::microseconds> grace) const {
  client::tell_pool(*connections_, "org.jobpool.Pool.Terminate", proto::write_terminate_pool({name_, grace}));
}

bool Pool::join(std::optional<std::chrono::microseconds> timeout) const {
  const auto request = [this](std::optional<Microseconds> left) { return proto::write_join_pool({name_, left}); };
  const proto::JsonObject answer = client::answer_or_raise(client::call_within(*connections_, "org.jobpool.Pool.Join", timeout, request));
  return client::value_or_raise(proto::read_flag("joined", answer));
}

void Pool::resize(unsigned workers) const {
  const int size = static_cast<int>(std::min(workers, kMaxWorkers + 1));
  client::tell_pool(*connections_, "org.jobpool.Pool.Resize", proto::write_resize_pool({name_, size}));
}

void Pool::pause() const { client::tell_pool(*connections_, "org.jobpool.Pool.Pause", proto::write_pool_name(name_)); }
void Pool::resume() const { client::tell_pool(*connections_, "org.jobpool.Pool.Resume", proto::write_pool_name(name_)); }

PoolInfo Pool::show() const {
  const proto::JsonObject answer = client::tell_pool(*connections_, "org.jobpool.Pool.Show", proto::write_pool_name(name_));
  return client::pool_info(client::value_or_raise(proto::read_pool(answer)));
}

}  // namespace jobpool
