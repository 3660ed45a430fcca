// ApplyAll: the chunks of a map, each a job as of Apply, in one call that answers all ends of a turn together. See chunks_under_way.hpp.
// Of what an Apply costs beside its job, a chunk has its key, its waiter and its place in a reply.
#include <algorithm>
#include <memory>
#include <utility>

#include "common/job/spec.hpp"
#include "daemon/broker/rpc/fingerprint.hpp"
#include "daemon/broker/rpc/submissions.hpp"
#include "daemon/broker/rpc/verbs.hpp"
#include "daemon/broker/rpc/views.hpp"

namespace jobpool::broker {
namespace {

// Of one reply, about: what more there is comes in further ones, as the caller reads them.
constexpr std::size_t kReplyBytes = 1024 * 1024;
// Of results of durable chunks that wait to be told, about: those of further ones are left on disk.
constexpr std::size_t kHeldBytes = 2 * kReplyBytes;

// What cannot be asked of chunks; empty: nothing of the kind was.
std::string refusal_of_chunks(const proto::Submission& job) {
  if (!job.function) return invalid_job("job.command", "the items of chunks are arguments of a function; commands are for Apply and Map");
  if (job.items || job.arguments != "[]") return invalid_job("job.arguments", "the arguments of the function are in the chunks");
  return {};
}

std::uint64_t memory_for(const proto::ApplyAllRequest& request) {
  std::uint64_t all = bytes_of_chunks(request.job, request.chunks.size());
  for (const proto::Chunk& chunk : request.chunks) all += chunk.items.size();
  return all;
}

}  // namespace

bool ChunksUnderWay::expects(const Job& job) const {
  const std::string_view name = job.key;
  if (key.empty() || call->peer.uid != job.uid || !name.starts_with(key)) return false;
  std::string room;
  return std::ranges::any_of(chunks, [&](const Chunk& chunk) {
    return chunk.job.value == 0 && !chunk.is_refused && proto::chunk_key(key, chunk.number, room) == name;
  });
}

void Verbs::apply_all(const CallPtr& call) {
  if (!call->envelope.more) return call->error(proto::error::kExpectedMore, {});
  auto request = proto::read_apply_all(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  call->envelope.parameters = {};  // the chunks are large, and the call stays for long
  const proto::Submission& job = request->job;
  const CorePool* pool = engine_.core().pools().find(job.pool);
  if (pool == nullptr) return no_such_pool(*call, job.pool);
  if (const std::string refused = refusal_of_chunks(job); !refused.empty()) return call->error(proto::error::kInvalidJob, refused);
  if (!call->fds.empty())
    return call->error(proto::error::kInvalidJob, invalid_job("job.function", "a function has no streams; descriptors are for commands"));
  if (const std::string refused = refusal_by_dependencies(job, request->chunks.size()); !refused.empty())
    return call->error(proto::error::kInvalidJob, refused);
  // Before they are made: a message of a few megabytes may ask for gigabytes.
  if (memory_for(*request) > engine_.core().limits().max_queued_bytes)
    return queue_full(*call, job.pool, engine_.core().limits().max_queued_bytes,
                      "its chunks, with the dependencies that each of them has, are more bytes than may wait; submit less at a time");
  const Token first{last_token_ + 1};
  last_token_ += request->chunks.size();
  ChunksUnderWay& chunks = chunk_calls_[first];
  chunks.verbs = this;
  chunks.call = call;
  chunks.first = first;
  chunks.pool = job.pool;
  chunks.key = job.key;
  chunks.open = request->chunks.size();
  call->on_hangup = [this, first] { drop_chunks(first); };
  submit_chunks(chunks, std::move(*request), pool->record.number);
}

void Verbs::submit_chunks(ChunksUnderWay& chunks, proto::ApplyAllRequest request, PoolNumber pool) {
  chunks.chunks.reserve(request.chunks.size());
  for (const proto::Chunk& chunk : request.chunks) chunks.chunks.push_back({chunk.number, {}, {}, false});
  proto::Submission& job = request.job;
  Submit all = event_of(job, Mode::apply);
  all.pool = pool;
  all.uid = chunks.call->peer.uid;
  all.spec_hash = job.key.empty() ? 0 : hash_of(job);
  all.flags.durable = job.durable.value_or(false);
  std::uint64_t token = chunks.first.value;
  std::string text;  // made anew in one place
  for (proto::Chunk& chunk : request.chunks) {
    Submit event = all;
    event.token = Token{token++};
    event.key = proto::chunk_key(job.key, chunk.number, text);
    if (!job.key.empty()) event.spec_hash = hash_of_chunk(all.spec_hash, chunk.items);
    event.payload = encode_function(*job.function, job.pool, chunk.items, FunctionShape::chunk, text);
    event.description = describe_chunk(*job.function, chunk.items, text);
    engine_.tell(std::move(event));
  }
}

ChunksUnderWay* Verbs::chunks_of(Token token) {
  auto behind = chunk_calls_.upper_bound(token);
  if (behind == chunk_calls_.begin()) return nullptr;
  ChunksUnderWay& chunks = std::prev(behind)->second;
  return chunks.has(token) ? &chunks : nullptr;
}

void Verbs::on_chunk_accepted(ChunksUnderWay& chunks, std::uint32_t place, const Job& job) {
  chunks.chunks[place].job = job.id;
  if (job.settled) return on_chunk_ended(chunks, place, &job);
  chunks.chunks[place].waiter =
      appliers_.add(job.id, [under_way = &chunks, place](const Job* ended) { under_way->verbs->on_chunk_ended(*under_way, place, ended); });
}

void Verbs::on_chunk_ended(ChunksUnderWay& chunks, std::uint32_t place, const Job* job) {
  ChunksUnderWay::Chunk& chunk = chunks.chunks[place];
  chunk.waiter = {};
  ChunksUnderWay::End end{place, job == nullptr ? Delivery{} : delivery_of(*job), {}};
  // The last moment to have it from memory: once this is told, the disk alone has it.
  if (job != nullptr && job->flags.durable && chunks.held_bytes < kHeldBytes) {
    if (auto result = engine_.result_at_hand(*job)) {
      chunks.held_bytes += result->size();
      end.result = *std::move(result);
    }
  }
  chunks.ends.push_back(std::move(end));
  --chunks.open;
  has_news(chunks);
}

void Verbs::on_chunk_refused(ChunksUnderWay& chunks, std::uint32_t place, std::string_view error, std::string parameters) {
  chunks.chunks[place].is_refused = true;
  chunks.refused.push_back({chunks.chunks[place].number, std::nullopt, std::string{error}, std::move(parameters)});
  --chunks.open;
  has_news(chunks);
}

void Verbs::has_news(ChunksUnderWay& chunks) {
  if (!chunks.waits_for_room && !std::exchange(chunks.is_listed, true)) with_news_.push_back(chunks.first);
}

void Verbs::end_turn() {
  if (with_news_.empty()) return;
  for (const Token first : std::exchange(with_news_, {})) tell_news(first);
}

void Verbs::tell_news(Token first) {
  const auto found = chunk_calls_.find(first);
  if (found == chunk_calls_.end()) return;  // its caller is gone
  found->second.is_listed = false;
  found->second.waits_for_room = true;
  const CallPtr call = found->second.call;  // it may be answered, and forgotten, in there
  call->when_room([this, first] {
    if (const auto waiting = chunk_calls_.find(first); waiting != chunk_calls_.end()) write_news(waiting->second);
  });
}

// As many ends as make one reply. What is left is told when there is room for it.
void Verbs::write_news(ChunksUnderWay& chunks) {
  chunks.waits_for_room = false;
  proto::ChunkEndingsWriter news(std::min(chunks.refused.size() + chunks.ends.size(), kReplyBytes / 128));
  std::function<void()> handed_over = take_news(chunks, news);
  read_next_from_disk(chunks);
  if (news.count() == 0) return;
  const Token first = chunks.first;
  const CallPtr call = chunks.call;
  const bool has_more = !chunks.ends.empty();
  if (chunks.open > 0 || has_more || chunks.is_reading) {
    call->reply_more(std::move(news).finish(), std::move(handed_over));
    if (has_more) tell_news(first);
    return;
  }
  chunk_calls_.erase(first);
  call->reply(std::move(news).finish(), {}, std::move(handed_over));
}

// What is to be done once it has been handed over; null: nothing.
std::function<void()> Verbs::take_news(ChunksUnderWay& chunks, proto::ChunkEndingsWriter& news) {
  for (const proto::ChunkEnding& refused : std::exchange(chunks.refused, {})) news.add(refused);
  std::vector<Delivery> deliveries;
  deliveries.reserve(chunks.ends.size());
  std::size_t taken = 0;
  for (; taken < chunks.ends.size() && news.bytes() < kReplyBytes; ++taken) {
    ChunksUnderWay::End& end = chunks.ends[taken];
    if (end.result && *end.result) chunks.held_bytes -= (*end.result)->size();
    if (tell_return(chunks.chunks[end.place], end, news)) {
      if (end.delivery) deliveries.push_back(std::move(end.delivery));
    } else if (const auto ending = chunk_ending(chunks.chunks[end.place], std::move(end.result))) {
      news.add(*ending);
      if (end.delivery) deliveries.push_back(std::move(end.delivery));
    } else {
      chunks.on_disk.push_back(std::move(end));
    }
  }
  chunks.ends.erase(chunks.ends.begin(), chunks.ends.begin() + static_cast<std::ptrdiff_t>(taken));
  if (deliveries.empty()) return nullptr;
  return [deliveries = std::move(deliveries)] {};
}

// Most chunks return, and their results are in memory: of these nothing is made but their text. False: it is another one.
bool Verbs::tell_return(const ChunksUnderWay::Chunk& chunk, const ChunksUnderWay::End& end, proto::ChunkEndingsWriter& news) const {
  const Job* job = engine_.core().find(chunk.job);
  if (job == nullptr || !has_returned(*job)) return false;
  engine_.core().foresee(chunk.job);
  std::optional<std::string_view> result;
  if (!end.result)
    result = engine_.result_in_place(*job);
  else if (*end.result)
    result = **end.result;
  if (!result || result->empty()) return false;
  news.add_return(chunk.number, job->id, *result);
  return true;
}

// nullopt: its result is on disk.
std::optional<proto::ChunkEnding> Verbs::chunk_ending(const ChunksUnderWay::Chunk& chunk, std::optional<Result<std::string>> result) {
  const auto refused = [&](std::string_view error, std::string_view reason) {
    std::string parameters = R"({"id":)" + std::to_string(chunk.job.value);
    parameters += reason.empty() ? "}" : "," + proto::one_field("reason", reason).substr(1);
    return proto::ChunkEnding{chunk.number, std::nullopt, std::string{error}, std::move(parameters)};
  };
  const Job* job = engine_.core().find(chunk.job);
  if (job == nullptr) return refused(proto::error::kNoSuchJob, {});  // removed meanwhile
  if (has_lost_result(*job)) return refused(proto::error::kNoOutput, job->reason);
  if (!result) {
    auto at_hand = engine_.result_at_hand(*job);
    if (!at_hand) return std::nullopt;
    result = *std::move(at_hand);
  }
  if (!*result) return refused(proto::error::kNoOutput, result->error().text);
  return proto::ChunkEnding{chunk.number, ending_view(*job, **std::move(result)), {}, {}};
}

void Verbs::read_next_from_disk(ChunksUnderWay& chunks) {
  if (chunks.is_reading || chunks.on_disk.empty()) return;
  chunks.is_reading = true;
  ChunksUnderWay::End next = std::move(chunks.on_disk.back());
  chunks.on_disk.pop_back();
  const JobId job = chunks.chunks[next.place].job;
  engine_.read_result(job, [this, first = chunks.first, next = std::move(next)](Result<std::string> result) mutable {
    const auto found = chunk_calls_.find(first);
    if (found == chunk_calls_.end()) return;  // its caller is gone
    ChunksUnderWay& waiting = found->second;
    waiting.is_reading = false;
    if (result) waiting.held_bytes += result->size();
    next.result = std::move(result);
    waiting.ends.push_back(std::move(next));
    has_news(waiting);
  });
}

// Its connection has ended, and with it what has not, unless somebody else waits for that. Of those that wait for their commit, that is
// decided when they have it.
void Verbs::drop_chunks(Token first) {
  const auto node = chunk_calls_.extract(first);
  if (node.empty()) return;
  const ChunksUnderWay& chunks = node.mapped();
  for (std::uint64_t place = 0; place < chunks.chunks.size(); ++place)
    if (const auto& chunk = chunks.chunks[place]; chunk.job.value == 0 && !chunk.is_refused) abandoned_.insert(Token{first.value + place});
  engine_.tell(Withdraw{first, chunks.chunks.size()});
  for (const ChunksUnderWay::Chunk& chunk : chunks.chunks) {
    if (chunk.waiter.value == 0) continue;
    appliers_.remove(chunk.job, chunk.waiter);
    cancel_if_unwanted(chunk.job);
  }
}

}  // namespace jobpool::broker
