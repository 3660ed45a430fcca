// Done: task_done, items that were taken are dealt with.
#include <utility>
#include "proto/messages.hpp"

#include "daemon/broker/rpc/queue_verbs.hpp"

namespace jobpool::broker {

void QueueVerbs::done(const CallPtr& call) {
  const auto request = proto::read_queue_done(call->envelope.parameters);
  if (!request) return call->error(proto::error::kInvalidParameter, proto::one_field("parameter", request.error().text));
  TasksDone event{{}, request->name, request->key, static_cast<std::uint64_t>(request->count)};
  ask(call, std::move(event),
      [](const AnswerQueueCall& answer) { return proto::write_count("unfinished", static_cast<std::int64_t>(answer.number)); });
}

}  // namespace jobpool::broker
