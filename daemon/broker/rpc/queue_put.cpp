// Put: items into a queue, each when there is room.
#include <utility>

#include "daemon/broker/rpc/queue_verbs.hpp"

namespace jobpool::broker {

void QueueVerbs::put(const CallPtr& call) {
  const auto request = proto::read_queue_put(call->envelope.parameters);
  if (!request) return call->error(proto::error::kInvalidParameter, proto::one_field("parameter", request.error().text));
  PutItems event;
  event.name = request->name;
  event.key = request->how.key;
  event.items.assign(request->items.begin(), request->items.end());
  event.may_wait = request->how.wait ? MayWait::yes : MayWait::no;
  event.deadline = deadline_of(request->how.timeout);
  ask(
      call, std::move(event), [](const AnswerQueueCall&) { return std::string{}; }, request->how.job);
}

}  // namespace jobpool::broker
