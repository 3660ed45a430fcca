// Full, Empty and Size: how a queue is filled.
#include "daemon/broker/rpc/queue_verbs.hpp"
#include "proto/messages.hpp"

namespace jobpool::broker {

void QueueVerbs::full(const CallPtr& call) {
  const QueueState* queue = queue_or_error(*call);
  if (queue != nullptr) call->reply(proto::write_flag("full", queues_.core().is_full(*queue)));
}

void QueueVerbs::empty(const CallPtr& call) {
  const QueueState* queue = queue_or_error(*call);
  if (queue != nullptr) call->reply(proto::write_flag("empty", queue->items.empty()));
}

void QueueVerbs::size(const CallPtr& call) {
  const QueueState* queue = queue_or_error(*call);
  if (queue != nullptr) call->reply(proto::write_count("size", static_cast<std::int64_t>(queue->items.size())));
}

}  // namespace jobpool::broker
