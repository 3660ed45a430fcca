// Map: a batch of chunks under one durable id.
#include <string>
#include <utility>

#include "common/job/spec.hpp"
#include "daemon/broker/rpc/fingerprint.hpp"
#include "daemon/broker/rpc/members_environment.hpp"
#include "daemon/broker/rpc/submissions.hpp"
#include "daemon/broker/rpc/verbs.hpp"
#include "daemon/broker/rpc/views.hpp"
#include "proto/chunk.hpp"

namespace jobpool::broker {
namespace {

// What cannot be asked of a batch; empty: nothing of the kind was.
std::string refusal_of(const proto::Submission& job) {
  if (job.items || job.arguments != "[]") return invalid_job("job.arguments", "the arguments of a batch's function are in its chunks");
  if (!job.durable.value_or(true)) return invalid_job("job.durable", "a batch is always on disk: it outlives whoever submitted it");
  if (job.if_full == proto::IfFull::block) return invalid_job("job.ifFull", "a batch is taken whole or not at all; try again later");
  if (job.stdin_index || job.stdout_index || job.stderr_index)
    return invalid_job("job.stdin", "a batch outlives its caller's streams; the daemon keeps the output of its commands");
  return {};
}

// Names the first chunk that is none of a command; empty: they all are.
std::string refusal_of_lines(const proto::MapRequest& request) {
  if (request.job.function) return {};
  for (std::size_t i = 0; i < request.chunks.size(); ++i)
    if (!proto::read_command_line(request.chunks[i]))
      return invalid_job("chunks", "chunk " + std::to_string(i) + " is no command line: an array of one array of texts");
  return {};
}

std::string description_of(const proto::MapRequest& request) {
  const std::string count = std::to_string(request.chunks.size());
  const std::string s = request.chunks.size() == 1 ? "" : "s";
  if (request.job.function) return "map @" + *request.job.function + ", " + count + " chunk" + s;
  return "map " + describe(request.job) + ", " + count + " command" + s;
}

Submit event_of_chunk(proto::Submission chunk, std::string text) {
  if (!chunk.function) {
    if (auto words = proto::read_command_line(text)) chunk.command = *std::move(words);
    return event_of(chunk, Mode::apply_async);
  }
  const auto items = proto::read_elements(text);
  chunk.items = std::move(text);
  Submit event = event_of(chunk, Mode::apply_async);
  if (items) event.notes.items = static_cast<std::uint32_t>(items->size());
  return event;
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

std::uint64_t hash_of_batch(const proto::MapRequest& request, FingerprintsOf version) {
  std::uint64_t hash = hash_of(request.job, version);
  for (const std::string& items : request.chunks) hash = hash_of_chunk(hash, items);
  return hash;
}

// `known`: of the batch that has its key; null: none has. Its fingerprint may be of an earlier version.
std::uint64_t fingerprint_of_batch(const proto::MapRequest& request, const Job* known) {
  if (known != nullptr)
    for (const FingerprintsOf version : kEarlierFingerprints)
      if (hash_of_batch(request, version) == known->spec_hash) return known->spec_hash;
  return hash_of_batch(request, FingerprintsOf::this_version);
}

SubmitBatch event_of(proto::MapRequest& request, const Owner& owner, const Job* known) {
  SubmitBatch event;
  const std::string description = description_of(request);
  proto::Submission chunk = request.job;
  chunk.key.clear();
  const std::uint64_t hash = fingerprint_of_batch(request, known);
  for (std::string& items : request.chunks) event.chunks.push_back(durable(event_of_chunk(chunk, std::move(items)), owner));
  // The terms are those of the chunks: it only waits for them.
  proto::Submission batch;
  batch.function = request.job.function.value_or("map");
  batch.pool = request.job.pool;
  batch.name = request.job.name;
  batch.key = request.job.key;
  event.batch = durable(event_of(batch, Mode::apply_async), owner);
  event.batch.flags.batch = true;
  event.batch.spec_hash = hash;
  event.batch.description = description;
  return event;
}

std::uint64_t needed_bytes(const proto::MapRequest& request) {
  std::uint64_t all = bytes_of_chunks(request.job, request.chunks.size());
  for (const std::string& items : request.chunks) all += items.size();
  return all;
}

}  // namespace

void Verbs::map(const CallPtr& call) {
  auto request = proto::read_map(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  const proto::Submission& job = request->job;
  const CorePool* pool = engine_.core().pools().find(job.pool);
  if (pool == nullptr) return no_such_pool(*call, job.pool);
  if (const std::string refused = refusal_of(job); !refused.empty()) return call->error(proto::error::kInvalidJob, refused);
  if (const std::string refused = refusal_of_lines(*request); !refused.empty()) return call->error(proto::error::kInvalidJob, refused);
  if (const std::string refused = refusal_by_threads(kind_of(job), *pool); !refused.empty())
    return call->error(proto::error::kInvalidJob, refused);
  if (const std::string refused = refusal_by_dependencies(job, request->chunks.size()); !refused.empty())
    return call->error(proto::error::kInvalidJob, refused);
  // Before they are made: a message of a few megabytes may ask for a hundred gigabytes.
  if (needed_bytes(*request) > engine_.core().limits().max_queued_bytes)
    return queue_full(*call, job.pool, engine_.core().limits().max_queued_bytes,
                      "its chunks, with the environment that each of them has, are more bytes than may wait; submit less at a time");
  keep_to_account(request->job, call->peer);
  const Job* known = job.key.empty() ? nullptr : engine_.core().find_key(call->peer.uid, job.key);
  SubmitBatch event = event_of(*request, {call->peer.uid, pool->record.number}, known);
  const Token token{++last_token_};
  event.batch.token = token;
  pending_.emplace(token, Pending{call, Mode::apply_async, event.batch.key, job.pool});
  engine_.tell(std::move(event));
  if (pending_.contains(token)) call->on_hangup = [this, token] { withdraw(token); };  // not answered before it is on disk
}

}  // namespace jobpool::broker
