// Get: items from the front of a queue, as soon as there is one. They are gone when all of the reply is with the caller's socket.
#include <utility>

#include "daemon/broker/rpc/queue_verbs.hpp"

namespace jobpool::broker {

void QueueVerbs::get(const CallPtr& call) {
  const auto request = proto::read_queue_get(call->envelope.parameters);
  if (!request) return call->error(proto::error::kInvalidParameter, proto::one_field("parameter", request.error().text));
  if (call->envelope.oneway) return call->reply({});  // nobody would have what it takes
  GetItems event;
  event.name = request->name;
  event.key = request->how.key;
  event.count = static_cast<std::size_t>(request->count);
  event.may_wait = request->how.wait ? MayWait::yes : MayWait::no;
  event.deadline = deadline_of(request->how.timeout);
  const auto write = [](const AnswerQueueCall& answer) {
    return proto::write_items(std::vector<std::string_view>(answer.items.begin(), answer.items.end()));
  };
  ask(call, std::move(event), write, request->how.job);
}

}  // namespace jobpool::broker
