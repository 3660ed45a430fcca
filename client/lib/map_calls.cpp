// See map_calls.hpp.
#include "client/lib/map_calls.hpp"

#include <sys/eventfd.h>

#include <utility>

#include "client/lib/raise.hpp"
#include "common/eventfd.hpp"
#include "jobpool/errors.hpp"

namespace jobpool::client {

MapCalls::MapCalls(std::shared_ptr<Connections> connections, MapPlan plan, NextItem next)
    : connections_(std::move(connections)),
      plan_(std::move(plan)),
      next_(std::move(next)),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      run_([this](std::size_t) { return read(); }, [this](const Chunk& chunk) { return perform(chunk); }, plan_.order, plan_.slots,
           plan_.buffer) {}

MapCalls::~MapCalls() { ring_eventfd(stop_.get()); }

Result<std::optional<MapCalls::Chunk>> MapCalls::read() {
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
      return Error{Errc::invalid_argument, "item " + std::to_string(items_) + ": " + error.what()};
    }
    ++chunk.count;
    ++items_;
  }
  if (chunk.count == 0) return std::optional<Chunk>{};
  ++chunks_;
  chunk.items += ']';
  return std::optional{std::move(chunk)};
}

Result<ChunkEnd> MapCalls::perform(const Chunk& chunk) const {
  proto::Submission job = plan_.job;
  job.items = chunk.items;
  job.key += "-" + std::to_string(chunk.number);
  Result<proto::Ending> ending = apply(*connections_, job, stop_.get());
  if (!ending) return ending.error();
  return ChunkEnd::of(std::move(*ending), chunk.count);
}

std::optional<std::string_view> MapCalls::next() {
  while (!current_ || at_ == current_->size()) {
    auto done = value_or_raise(run_.next());
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
