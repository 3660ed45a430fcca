// One chunk of a map as a call: its job to its end, and that to what became of each item. Any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/lib/connections.hpp"
#include "client/lib/remote_error.hpp"
#include "common/function_ref.hpp"
#include "proto/apply_all_messages.hpp"
#include "proto/chunk.hpp"
#include "proto/messages.hpp"

namespace jobpool::client {

// As Python: as many items to a chunk as make about four chunks for each worker.
std::size_t chunk_size_for(std::size_t items, std::size_t workers);

// Beyond it a chunk is closed, however many items it may have: what they give may be larger than they are, and must fit as well.
inline constexpr std::size_t kMaxChunkBytes = 2 * 1024 * 1024;

// Cuts a list of items into chunks of so many, the last of what is left.
class ChunkCutter {
 public:
  // `chunks` gets them, and must outlive this. Requires: size > 0.
  ChunkCutter(std::vector<std::string>& chunks, std::size_t size) : chunks_(chunks), size_(size) {}

  void add(std::string_view arguments);  // of one item: JSON text of an array
  void finish();                         // after the last

 private:
  std::vector<std::string>& chunks_;
  const std::size_t size_;
  std::string open_;
  std::size_t count_ = 0;
};

// How many items the result of a chunk is of; 0: it is none.
std::size_t items_in(std::string_view result);

// How many workers the pool is to have, also while they are still being started; at least 1. Errors: of the transport; not_found: no such
// pool.
RemoteResult<std::size_t> workers_of(Connections& connections, std::string_view pool);

// Apply, waited for; readable `stop`: not any longer, and the job is cancelled with its connection. (-1: nobody stops it.)
// Errors: those of RecoveringCall; what the daemon refuses; interrupted: stopped.
Result<proto::Ending> apply(Connections& connections, const proto::Submission& job, int stop = -1);

// ApplyAll, waited for likewise. Each end, or error, is told once, as soon as it is there and in any order, by the chunk's number;
// `told_all`: for now.
// Requires: the numbers ascend.
using TellChunk = function_ref<void(std::int64_t number, RemoteResult<proto::Ending>&& ending)>;
void apply_all(Connections& connections, proto::ApplyAllRequest request, int stop, TellChunk tell, function_ref<void()> told_all);

// Job.Get, of a function; the daemon keeps the time. Throws as AsyncResult::get, but for how the job ended.
proto::Ending get_ending(Connections& connections, JobId id, std::optional<Microseconds> timeout);

// The items of a chunk that has ended. As large as a pointer: a map hands it on several times.
class ChunkEnd {
 public:
  // `count`: how many items it had.
  static ChunkEnd of(proto::Ending&& ending, std::size_t count);

  const proto::Ending& ending() const { return parts_->ending; }
  std::size_t size() const { return parts_->count; }
  // JSON text, valid as long as this; nullopt: it failed.
  std::optional<std::string_view> result(std::size_t index) const;
  // Of an item that failed by itself; null: it did not, or the chunk failed as a whole.
  const proto::ItemError* error(std::size_t index) const;
  // No item has a result: crashed, timed out, cancelled …
  bool has_failed_whole() const { return !parts_->has_result; }

 private:
  struct Parts {
    proto::Ending ending;
    std::size_t count = 0;
    bool has_result = false;
    std::string text;  // what `result` points into
    proto::ChunkResult result;
  };
  explicit ChunkEnd(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}

  std::unique_ptr<const Parts> parts_;
};

}  // namespace jobpool::client
