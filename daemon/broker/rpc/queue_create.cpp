// Create: a new queue, or an existing one where that is as good.
#include <utility>

#include "daemon/broker/rpc/queue_verbs.hpp"

namespace jobpool::broker {

void QueueVerbs::create(const CallPtr& call) {
  const auto request = proto::read_queue_create(call->envelope.parameters);
  if (!request) return call->error(proto::error::kInvalidParameter, proto::one_field("parameter", request.error().text));
  CreateQueue event{{}, request->name, static_cast<std::uint64_t>(request->maxsize), request->durable, request->exist_ok};
  ask(call, std::move(event), [](const AnswerQueueCall&) { return std::string{}; });
}

}  // namespace jobpool::broker
