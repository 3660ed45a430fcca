// List and Show: what is known of queues.
#include "daemon/broker/rpc/queue_verbs.hpp"
#include "proto/messages.hpp"

namespace jobpool::broker {
namespace {

proto::Queue queue_view(const QueueState& queue) {
  proto::Queue view;
  view.name = std::string{queue.made.name};
  view.maxsize = static_cast<std::int64_t>(queue.made.maxsize);
  view.durable = queue.made.durable;
  view.size = static_cast<std::int64_t>(queue.items.size());
  view.bytes = static_cast<std::int64_t>(queue.bytes - queue.items.size() * kItemOverheadBytes);
  view.unfinished = static_cast<std::int64_t>(queue.made.unfinished);
  view.taken = static_cast<std::int64_t>(queue.taken);
  view.putters = static_cast<std::int64_t>(queue.putters.size());
  view.getters = static_cast<std::int64_t>(queue.getters.size());
  view.joiners = static_cast<std::int64_t>(queue.joiners.size());
  view.created_usec = queue.made.made_usec;
  return view;
}

}  // namespace

void QueueVerbs::list(const CallPtr& call) {
  if (const auto read = proto::read_nothing(call->envelope.parameters); !read)
    return call->error(proto::error::kInvalidParameter, proto::one_field("parameter", read.error().text));
  std::vector<proto::Queue> queues;
  for (const auto& [name, id] : queues_.core().names()) queues.push_back(queue_view(*queues_.core().find(name)));
  call->reply(proto::write_queues(queues));
}

void QueueVerbs::show(const CallPtr& call) {
  const QueueState* queue = queue_or_error(*call);
  if (queue != nullptr) call->reply(proto::write_queue(queue_view(*queue)));
}

}  // namespace jobpool::broker
