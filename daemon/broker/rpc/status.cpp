// Hello: who is there. Status: counts.
#include <unistd.h>

#include <utility>

#include "daemon/broker/rpc/verbs.hpp"
#include "proto/version.hpp"

namespace jobpool::broker {

void Verbs::hello(const CallPtr& call) {
  if (const auto read = proto::read_nothing(call->envelope.parameters); !read) return invalid_parameter(*call, read.error());
  call->reply(proto::write_hello({std::string{version()}, surroundings_.instance, ::getppid(), ::getpid(), surroundings_.since_usec}));
}

void Verbs::status(const CallPtr& call) {
  if (const auto read = proto::read_nothing(call->envelope.parameters); !read) return invalid_parameter(*call, read.error());
  engine_.dispatcher().drain_all();
  const CoreCounts counts = engine_.core().counts();
  proto::Status status;
  status.version = version();
  status.instance = surroundings_.instance;
  status.uptime_usec = boot_usec() - surroundings_.since_usec;
  status.connections = static_cast<std::int64_t>(surroundings_.connections());
  status.worker_restarts = static_cast<std::int64_t>(engine_.ledger().worker_restarts());
  status.broker_restarts = surroundings_.broker_restarts;
  status.rescued_wakeups = engine_.dispatcher().rescued_wakeups();
  proto::PoolStatus pool;
  pool.name = proto::kDefaultPool;
  pool.state = engine_.core().draining() ? "closed" : "running";
  pool.workers = static_cast<std::int64_t>(counts.workers);
  pool.workers_idle = static_cast<std::int64_t>(counts.workers_idle);
  pool.workers_running = pool.workers - pool.workers_idle;
  pool.ready = static_cast<std::int64_t>(counts.ready);
  // As they are shown one by one (shown_state): what has ended, and is not yet where it survives, still runs.
  pool.running = static_cast<std::int64_t>(counts.running + counts.done - counts.settled);
  pool.waiting = static_cast<std::int64_t>(counts.waiting);
  pool.done = static_cast<std::int64_t>(counts.settled);
  status.pools.push_back(std::move(pool));
  call->reply(proto::write_status(status));
}

}  // namespace jobpool::broker
