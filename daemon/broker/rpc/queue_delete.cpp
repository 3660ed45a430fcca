// Delete: a queue ends, with what is in it, and all who wait at it are told.
#include <utility>
#include "proto/messages.hpp"

#include "daemon/broker/rpc/queue_verbs.hpp"

namespace jobpool::broker {

void QueueVerbs::remove(const CallPtr& call) {
  const auto request = proto::read_queue_name(call->envelope.parameters);
  if (!request) return call->error(proto::error::kInvalidParameter, proto::one_field("parameter", request.error().text));
  ask(call, DeleteQueue{{}, *request},
      [](const AnswerQueueCall& answer) { return proto::write_count("items", static_cast<std::int64_t>(answer.number)); });
}

}  // namespace jobpool::broker
