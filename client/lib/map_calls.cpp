// See map_calls.hpp.
#include "client/lib/map_calls.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <utility>

#include "client/lib/raise.hpp"
#include "common/eventfd.hpp"
#include "jobpool/errors.hpp"

namespace jobpool::client {
namespace {

// Chunks that go together are so many that they take about this long: long beside a system call and a wake-up, short beside what a person
// or a change of the load would notice.
constexpr std::chrono::milliseconds kQuick{5}, kSlow{20};
constexpr std::chrono::milliseconds kVeryQuick{1};  // as a first chunk is that does next to nothing: the sooner there are many
constexpr std::size_t kSmallChunk = 4096;           // bytes; carrying larger ones costs more than a call does
// Bytes of requests in one write, when chunks have become larger since: what waits to be sent cannot be stopped.
constexpr std::size_t kMostTogether = 1024 * 1024;

RemoteResult<ChunkEnd> chunk_end(RemoteResult<proto::Ending>&& ending, std::size_t count) {
  if (ending) return ChunkEnd::of(std::move(*ending), count);
  RemoteResult<ChunkEnd> failed = ending.error();
  failed.refusal = std::move(ending.refusal);
  return failed;
}

}  // namespace

MapCalls::MapCalls(std::shared_ptr<Connections> connections, MapPlan plan, NextItem next)
    : connections_(std::move(connections)),
      plan_(std::move(plan)),
      next_(std::move(next)),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      run_([this](std::size_t) { return read(); }, [this](std::span<Chunk> chunks, const Run::Tell& tell) { perform(chunks, tell); },
           [this] { return at_once_.load(std::memory_order_relaxed); }, plan_.order, plan_.slots, plan_.buffer) {}

MapCalls::~MapCalls() { ring_eventfd(stop_.get()); }

Result<std::optional<MapCalls::Chunk>> MapCalls::read() {
  if (source_failure_) return std::optional<Chunk>{};
  Chunk chunk{chunks_, items_, 0, "["};
  while (chunk.count < plan_.chunk_size && chunk.items.size() < kMaxChunkBytes) {
    const std::size_t before = chunk.items.size();
    if (chunk.count > 0) chunk.items += ',';
    try {
      if (!next_(chunk.items)) {
        chunk.items.resize(before);
        break;
      }
    } catch (const ClientError& error) {  // an item that no JSON can carry: told where the results are taken
      source_failure_ = std::make_exception_ptr(InvalidCall("item " + std::to_string(items_) + ": " + error.what()));
    } catch (...) {  // the caller's own, for the thread that takes the results: here it would end the program
      source_failure_ = std::current_exception();
    }
    if (source_failure_) {
      chunk.items.resize(before);
      break;
    }
    ++chunk.count;
    ++items_;
  }
  if (chunk.count == 0) return std::optional<Chunk>{};
  ++chunks_;
  chunk.items += ']';
  return std::optional{std::move(chunk)};
}

void MapCalls::perform(std::span<Chunk> chunks, const Run::Tell& tell) {
  const TimePoint begin = Clock::now();
  std::size_t bytes = 0;
  for (std::size_t done = 0; done < chunks.size();) {
    std::size_t end = done, together = 0;
    while (end < chunks.size() && (end == done || together + chunks[end].items.size() <= kMostTogether))
      together += chunks[end++].items.size();
    perform_together(chunks, done, end, tell);
    bytes += together;
    done = end;
  }
  choose_size(chunks.size(), bytes, Clock::now() - begin);
}

void MapCalls::perform_together(std::span<Chunk> chunks, std::size_t begin, std::size_t end, const Run::Tell& tell) const {
  proto::ApplyAllRequest request{plan_.job, {}};
  request.chunks.reserve(end - begin);
  for (Chunk& chunk : chunks.subspan(begin, end - begin))
    request.chunks.push_back({static_cast<std::int64_t>(chunk.number), std::move(chunk.items)});
  const std::size_t first = chunks.front().number;  // they were read one after the other
  std::vector<Run::Told> ended;
  apply_all(
      *connections_, std::move(request), stop_.get(),
      [&](std::int64_t number, RemoteResult<proto::Ending>&& ending) {
        const std::size_t place = static_cast<std::size_t>(number) - first;
        ended.push_back({place, chunk_end(std::move(ending), chunks[place].count)});
      },
      [&] { tell(std::exchange(ended, {})); });
}

void MapCalls::choose_size(std::size_t chunks, std::size_t bytes, Clock::duration taken) {
  std::size_t next = chunks;
  if (bytes / chunks > kSmallChunk || taken > kSlow)
    next = chunks / 2;
  else if (taken < kQuick)
    next = chunks * (taken < kVeryQuick ? 4 : 2);
  at_once_.store(std::clamp<std::size_t>(next, 1, plan_.at_once), std::memory_order_relaxed);
}

std::optional<std::string_view> MapCalls::next() {
  while (!current_ || at_ == current_->size()) {
    auto done = value_or_raise(run_.next());
    if (!done && source_failure_) std::rethrow_exception(std::exchange(source_failure_, nullptr));
    if (!done) return std::nullopt;
    current_ = value_or_raise(std::move(done->end));
    first_ = done->task.first;
    at_ = 0;
  }
  ++at_;
  if (const auto result = current_->result(at_ - 1)) return result;
  raise_item();
}

void MapCalls::raise_item() const {
  const proto::Ending& ending = current_->ending();
  if (const proto::ItemError* error = current_->error(at_ - 1))
    throw ItemFailed(index(), ending.id.value, error->error_type, error->reason);
  if (ending.outcome == Outcome::interrupted || ending.outcome == Outcome::cancelled) raise_unless_succeeded(ending);
  const std::string type = ending.error_type.empty() ? std::string{to_string(ending.outcome)} : ending.error_type;
  throw ItemFailed(index(), ending.id.value, type, ending.reason);
}

}  // namespace jobpool::client

namespace jobpool {

MapTexts::MapTexts(std::unique_ptr<client::MapCalls> calls) : calls_(std::move(calls)) {}
MapTexts::MapTexts(MapTexts&&) noexcept = default;
MapTexts& MapTexts::operator=(MapTexts&&) noexcept = default;
MapTexts::~MapTexts() = default;

std::optional<std::string_view> MapTexts::next() { return calls_->next(); }
std::size_t MapTexts::index() const { return calls_->index(); }

}  // namespace jobpool
