// Map: a batch of chunks under one durable id.
#include <functional>
#include <string>
#include <utility>

#include "common/job/spec.hpp"
#include "daemon/broker/rpc/submissions.hpp"
#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {
namespace {

// What cannot be asked of a batch; empty: nothing of the kind was.
std::string refusal_of(const proto::Submission& job) {
  if (!job.function || job.items || job.arguments != "[]")
    return invalid_job("job.function", "a batch is of a function, whose arguments are in the chunks");
  if (!job.durable.value_or(true)) return invalid_job("job.durable", "a batch is always on disk: it outlives whoever submitted it");
  if (job.if_full == proto::IfFull::block) return invalid_job("job.ifFull", "a batch is taken whole or not at all; try again later");
  if (job.stdin_index || job.stdout_index || job.stderr_index)
    return invalid_job("job.function", "a function has no streams; descriptors are for commands");
  return {};
}

struct Owner {
  uid_t uid;
  PoolNumber pool;
};

Submit durable(Submit event, const Owner& owner) {
  event.uid = owner.uid;
  event.pool = owner.pool;
  event.flags = {};
  event.flags.durable = true;
  return event;
}

SubmitBatch event_of(proto::MapRequest& request, const Owner& owner) {
  SubmitBatch event;
  proto::Submission chunk = request.job;
  chunk.key.clear();
  std::uint64_t hash = hash_of(request.job);
  for (std::string& items : request.chunks) {
    hash = (hash ^ std::hash<std::string_view>{}(items)) * 0x9e3779b97f4a7c15U;
    chunk.items = std::move(items);
    event.chunks.push_back(durable(event_of(chunk, Mode::apply_async), owner));
  }
  // The terms are those of the chunks: it only waits for them.
  proto::Submission batch;
  batch.function = request.job.function;
  batch.pool = request.job.pool;
  batch.name = request.job.name;
  batch.key = request.job.key;
  event.batch = durable(event_of(batch, Mode::apply_async), owner);
  event.batch.flags.batch = true;
  event.batch.spec_hash = hash;
  event.batch.description = "map @" + *batch.function + ", " + std::to_string(event.chunks.size()) + " chunks";
  return event;
}

}  // namespace

void Verbs::map(const CallPtr& call) {
  auto request = proto::read_map(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  const proto::Submission& job = request->job;
  const CorePool* pool = engine_.core().pools().find(job.pool);
  if (pool == nullptr) return no_such_pool(*call, job.pool);
  if (const std::string refused = refusal_of(job); !refused.empty()) return call->error(proto::error::kInvalidJob, refused);
  SubmitBatch event = event_of(*request, {call->peer.uid, pool->record.number});
  const Token token{++last_token_};
  event.batch.token = token;
  pending_.emplace(token, Pending{call, Mode::apply_async, job.detach, event.batch.key, job.pool});
  engine_.tell(std::move(event));
  if (pending_.contains(token)) call->on_hangup = [this, token] { withdraw(token); };  // not answered before it is on disk
}

}  // namespace jobpool::broker
