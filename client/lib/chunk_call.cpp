// See chunk_call.hpp.
#include "client/lib/chunk_call.hpp"

#include <algorithm>
#include <utility>

#include "client/lib/recovering_call.hpp"
#include "client/lib/remote_error.hpp"

namespace jobpool::client {
namespace {

constexpr std::size_t kChunksPerWorker = 4;  // multiprocessing's
constexpr std::chrono::seconds kAnswerPatience{60};

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

Result<std::size_t> workers_of(Connections& connections, std::string_view pool) {
  RecoveringCall call(connections, proto::write_call("org.jobpool.Pool.Show", proto::write_pool_name(pool)), Resend::always);
  const Result<Reply> reply = call.finish(Clock::now() + kAnswerPatience);
  if (!reply) return reply.error();
  if (!reply->error.empty()) return describe_error(*reply);
  const Result<proto::PoolInfo> info = proto::read_pool(reply->parameters);
  if (!info) return info.error();
  const std::int64_t places =
      info->size.value_or(info->workers) * std::min<std::int64_t>(info->threads.value_or(1), proto::kMaxThreadsPerWorker);
  return static_cast<std::size_t>(std::max<std::int64_t>(places, 1));
}

Result<proto::Ending> apply(Connections& connections, const proto::Submission& job, int stop) {
  std::optional<Result<proto::Ending>> end;
  apply_all(connections, {&job, 1}, stop, [&](std::size_t, Result<proto::Ending> ending) { end.emplace(std::move(ending)); });
  return std::move(*end);
}

void apply_all(Connections& connections, std::span<const proto::Submission> jobs, int stop,
               function_ref<void(std::size_t, Result<proto::Ending>)> tell) {
  std::string calls;
  for (const proto::Submission& job : jobs) calls += proto::write_call("org.jobpool.Pool.Apply", proto::write_submit(job));
  RecoveringCall call(connections, std::move(calls), jobs.size(), Resend::same_instance);
  std::optional<Error> broken;  // for all that follow
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (broken) {
      tell(i, *broken);
      continue;
    }
    pollfd stopped{stop, POLLIN, 0};
    const Result<std::optional<Reply>> reply = call.next(kNever, {&stopped, stop < 0 ? 0U : 1U});
    if (!reply)
      tell(i, broken.emplace(reply.error()));
    else if (!*reply)
      tell(i, broken.emplace(Error{Errc::interrupted, "stopped before its end"}));
    else if (!(*reply)->error.empty())
      tell(i, describe_error(**reply));
    else
      tell(i, proto::read_ending((*reply)->parameters));
  }
}

ChunkEnd ChunkEnd::of(proto::Ending ending, std::size_t count) {
  ChunkEnd end(std::move(ending), count);
  if (!end.ending_.result) return end;
  end.text_ = std::make_unique<std::string>(std::move(*end.ending_.result));
  end.ending_.result.reset();
  Result<proto::ChunkResult> read = proto::read_chunk_result(*end.text_);
  end.has_result_ = read && read->results.size() == count;
  if (end.has_result_) {
    end.result_ = std::move(*read);
  } else {
    end.ending_.outcome = Outcome::failed;
    end.ending_.error_type = "BadResult";
    end.ending_.reason = "the daemon answered with what is no result of " + std::to_string(count) + " items";
  }
  return end;
}

const proto::ItemError* ChunkEnd::error(std::size_t index) const {
  const auto found = std::ranges::lower_bound(result_.errors, index, {}, &proto::ItemError::index);
  return found != result_.errors.end() && found->index == index ? &*found : nullptr;
}

std::optional<std::string_view> ChunkEnd::result(std::size_t index) const {
  if (!has_result_ || error(index) != nullptr) return std::nullopt;
  return result_.results[index];
}

}  // namespace jobpool::client
