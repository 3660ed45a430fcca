// Join: until all items that were put are dealt with.
#include <utility>

#include "daemon/broker/rpc/queue_verbs.hpp"

namespace jobpool::broker {

void QueueVerbs::join(const CallPtr& call) {
  const auto request = proto::read_queue_join(call->envelope.parameters);
  if (!request) return call->error(proto::error::kInvalidParameter, proto::one_field("parameter", request.error().text));
  if (call->envelope.oneway) return call->reply({});  // nobody would be told
  JoinQueue event{{}, request->name, deadline_of(request->timeout)};
  ask(
      call, std::move(event), [](const AnswerQueueCall&) { return std::string{}; }, request->job);
}

}  // namespace jobpool::broker
