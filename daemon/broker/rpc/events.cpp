// Events: a stream of what happens, and the words for it. Each is made when it happens and told when it is durable.
#include <string>
#include <utility>

#include "daemon/broker/rpc/pool_views.hpp"
#include "daemon/broker/rpc/verbs.hpp"
#include "daemon/broker/rpc/views.hpp"

namespace jobpool::broker {

void Verbs::events(const CallPtr& call) {
  auto request = proto::read_events(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  if (!call->envelope.more) return call->error(proto::error::kExpectedMore, {});
  if (request->pool && !knows_pool(*request->pool)) return no_such_pool(*call, *request->pool);
  if (feed_.is_full())
    return call->error(proto::error::kTooManyListeners, R"({"limit":)" + std::to_string(EventFeed::kMostListeners) + "}");
  feed_.add(call, std::move(*request), engine_.now().wall_usec);
}

std::function<void()> Verbs::announcement(const Job& job, JobState to) {
  if (!feed_.is_listened_to()) return {};
  return [this, event = job_event(job, to, engine_.core(), engine_.now().wall_usec)] { feed_.tell(event); };
}

std::function<void()> Verbs::announcement(const CorePool& pool) {
  if (!feed_.is_listened_to()) return {};
  return [this, event = pool_event(pool, engine_.now().wall_usec)] { feed_.tell(event); };
}

// Behind what is on its way to the disk: that it was closed, say.
void Verbs::announce_end_of_pool(std::string_view name, std::string_view state) {
  if (!feed_.is_listened_to()) return;
  proto::Event event;
  event.kind = proto::EventKind::pool;
  event.usec = engine_.now().wall_usec;
  event.pool = name;
  event.state = state;
  engine_.journal().after_commit([this, event = std::move(event)] { feed_.tell(event); });
}

void Verbs::on_pool_left(PoolNumber number) {
  joiners_.tell(number, Joiners::News::left);
  if (const CorePool* pool = engine_.core().pools().find(number)) announce_end_of_pool(pool->record.settings.name, "joined");
}

void Verbs::announce_worker(WorkerNumber number, PoolNumber pool, int pid, std::string_view state, std::string_view reason) {
  if (!feed_.is_listened_to()) return;
  proto::Event event;
  event.kind = proto::EventKind::worker;
  event.usec = engine_.now().wall_usec;
  if (const CorePool* known = engine_.core().pools().find(pool)) event.pool = known->record.settings.name;
  event.worker = number.value;
  if (pid > 0) event.pid = pid;
  event.state = state;
  event.reason = reason;
  feed_.tell(event);
}

// Its state in the core stays `running`: told as it is shown. Its process may have come to a queue before its START came here.
void Verbs::announce_blocked(JobId id, bool is_blocked) {
  if (!is_blocked && blocked_before_start_.erase(id) > 0) return;
  const Job* job = feed_.is_listened_to() ? engine_.core().find(id) : nullptr;
  if (job == nullptr || job->state != JobState::running) return;
  if (awaits_start(*job)) {
    if (is_blocked) blocked_before_start_.insert(id);
    return;
  }
  proto::Event event = job_event(*job, is_blocked ? JobState::waiting : JobState::running, engine_.core(), engine_.now().wall_usec);
  event.usec = engine_.now().wall_usec;
  if (is_blocked) event.waiting_for = waits_at_queue(*job);
  feed_.tell(event);
}

}  // namespace jobpool::broker
