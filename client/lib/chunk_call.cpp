// See chunk_call.hpp.
#include "client/lib/chunk_call.hpp"

#include <algorithm>
#include <utility>

#include "client/lib/recovering_call.hpp"

namespace jobpool::client {
namespace {

constexpr std::size_t kChunksPerWorker = 4;  // multiprocessing's
constexpr std::chrono::seconds kAnswerPatience{60};

Error stopped_error() { return {Errc::interrupted, "stopped before its end"}; }

// Its next reply; nullopt: `stop` is readable.
Result<std::optional<Reply>> next_reply(RecoveringCall& call, int stop) {
  pollfd stopped{stop, POLLIN, 0};
  return call.next(kNever, {&stopped, stop < 0 ? 0U : 1U});
}

// The chunks of a call that were not answered.
class OpenChunks {
 public:
  explicit OpenChunks(proto::ApplyAllRequest request) : request_(std::move(request)), open_(request_.chunks.size()) {}

  // False: it is none, or was answered before.
  bool close(std::int64_t number) {
    const auto found = std::ranges::lower_bound(request_.chunks, number, {}, &proto::Chunk::number);
    if (found == request_.chunks.end() || found->number != number || is_closed(*found)) return false;
    found->items.clear();
    --open_;
    return true;
  }
  std::size_t count() const { return open_; }
  void each(function_ref<void(std::int64_t number)> tell) const {
    for (const proto::Chunk& chunk : request_.chunks)
      if (!is_closed(chunk)) tell(chunk.number);
  }
  // The parameters of a call with them.
  std::string request() {
    std::erase_if(request_.chunks, is_closed);
    return proto::write_apply_all(request_);
  }

 private:
  static bool is_closed(const proto::Chunk& chunk) { return chunk.items.empty(); }

  proto::ApplyAllRequest request_;  // a chunk that was answered has no items any more
  std::size_t open_;
};

// What is wrong with the reply; nullopt: nothing.
std::optional<Error> tell_endings(const Reply& reply, OpenChunks& open, TellChunk tell) {
  Result<std::vector<proto::ChunkEnding>> endings = proto::read_chunk_endings(reply.parameters);
  if (!endings) return endings.error();
  for (proto::ChunkEnding& one : *endings) {
    if (!open.close(one.number)) return Error{Errc::protocol, "the daemon answered a chunk twice, or one that it was not given"};
    if (one.ending)
      tell(one.number, std::move(*one.ending));
    else
      tell(one.number, error_reply(std::move(one.error), one.parameters));
  }
  return std::nullopt;
}

}  // namespace

std::size_t chunk_size_for(std::size_t items, std::size_t workers) {
  const std::size_t chunks = std::max<std::size_t>(workers, 1) * kChunksPerWorker;
  return std::max<std::size_t>((items + chunks - 1) / chunks, 1);
}

void ChunkCutter::add(std::string_view arguments) {
  open_ += count_ == 0 ? '[' : ',';
  open_ += arguments;
  if (++count_ == size_) finish();
}

void ChunkCutter::finish() {
  if (count_ == 0) return;
  chunks_.push_back(std::exchange(open_, {}) + ']');
  count_ = 0;
}

std::size_t items_in(std::string_view result) {
  const Result<proto::ChunkResult> read = proto::read_chunk_result(result);
  return read ? read->results.size() : 0;
}

RemoteResult<std::size_t> workers_of(Connections& connections, std::string_view pool) {
  RecoveringCall call(connections, proto::write_call("org.jobpool.Pool.Show", proto::write_pool_name(pool)), Resend::always);
  Result<Reply> reply = call.finish(Clock::now() + kAnswerPatience);
  if (!reply) return reply.error();
  if (!reply->error.empty()) return std::move(*reply);
  const Result<proto::PoolInfo> info = proto::read_pool(reply->parameters);
  if (!info) return info.error();
  const std::int64_t places =
      info->size.value_or(info->workers) * std::min<std::int64_t>(info->threads.value_or(1), proto::kMaxThreadsPerWorker);
  return static_cast<std::size_t>(std::max<std::int64_t>(places, 1));
}

Result<proto::Ending> apply(Connections& connections, const proto::Submission& job, int stop) {
  RecoveringCall call(connections, proto::write_call("org.jobpool.Pool.Apply", proto::write_submit(job)), Resend::same_instance);
  const Result<std::optional<Reply>> reply = next_reply(call, stop);
  if (!reply) return reply.error();
  if (!*reply) return stopped_error();
  if (!(*reply)->error.empty()) return describe_error(**reply);
  return proto::read_ending((*reply)->parameters);
}

void apply_all(Connections& connections, proto::ApplyAllRequest request, int stop, TellChunk tell, function_ref<void()> told_all) {
  OpenChunks open(std::move(request));
  RecoveringCall call(
      connections, [&open] { return proto::write_call("org.jobpool.Pool.ApplyAll", open.request(), proto::CallMode::more); },
      Resend::same_instance);
  std::optional<RemoteResult<proto::Ending>> broken;  // what those are told that have no end of their own
  for (bool is_last = false; !is_last && !broken;) {
    Result<std::optional<Reply>> reply = next_reply(call, stop);
    if (!reply)
      broken = reply.error();
    else if (!*reply)
      broken = stopped_error();
    else if (!(*reply)->error.empty())
      broken = std::move(**reply);
    else
      broken = tell_endings(**reply, open, tell);
    is_last = !broken && !(*reply)->continues;
    told_all();
  }
  if (!broken && open.count() > 0) broken = Error{Errc::protocol, "the daemon's last answer left chunks without their ends"};
  if (!broken) return;
  open.each([&](std::int64_t number) { tell(number, RemoteResult<proto::Ending>(*broken)); });
  told_all();
}

ChunkEnd ChunkEnd::of(proto::Ending&& ending, std::size_t count) {
  auto parts = std::make_unique<Parts>();
  parts->ending = std::move(ending);
  parts->count = count;
  if (!parts->ending.result) return ChunkEnd(std::move(parts));
  parts->text = std::move(*parts->ending.result);
  parts->ending.result.reset();
  Result<proto::ChunkResult> read = proto::read_chunk_result(parts->text);
  parts->has_result = read && read->results.size() == count;
  if (parts->has_result) {
    parts->result = std::move(*read);
  } else {
    parts->ending.outcome = Outcome::failed;
    parts->ending.error_type = "BadResult";
    parts->ending.reason = "the daemon answered with what is no result of " + std::to_string(count) + " items";
  }
  return ChunkEnd(std::move(parts));
}

const proto::ItemError* ChunkEnd::error(std::size_t index) const {
  const std::vector<proto::ItemError>& errors = parts_->result.errors;
  const auto found = std::ranges::lower_bound(errors, index, {}, &proto::ItemError::index);
  return found != errors.end() && found->index == index ? &*found : nullptr;
}

std::optional<std::string_view> ChunkEnd::result(std::size_t index) const {
  if (!parts_->has_result || error(index) != nullptr) return std::nullopt;
  return parts_->result.results[index];
}

}  // namespace jobpool::client
