// A map under way: chunks cut from the items, so many calls at once, and the results one by one. Behind MapTexts.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "client/lib/chunk_call.hpp"
#include "client/lib/parallel_run.hpp"
#include "client/lib/remote_error.hpp"
#include "common/unique_fd.hpp"
#include "jobpool/map_stream.hpp"

namespace jobpool::client {

struct MapPlan {
  proto::Submission job;  // without items; its key is the beginning of each chunk's
  std::size_t chunk_size = 1;
  Order order = Order::of_tasks;
  std::size_t slots = 1;    // threads, each with a connection
  std::size_t buffer = 1;   // chunks
  std::size_t at_once = 1;  // chunks that may go to the daemon together, while they are small and quick; 1 where an item may be waited for
};

class MapCalls {
 public:
  MapCalls(std::shared_ptr<Connections> connections, MapPlan plan, NextItem next);
  ~MapCalls();

  // As MapTexts.
  std::optional<std::string_view> next();
  std::size_t index() const { return first_ + at_ - 1; }

 private:
  struct Chunk {
    std::size_t number = 0, first = 0, count = 0;
    std::string items;
  };
  Result<std::optional<Chunk>> read();
  using Run = ParallelRun<Chunk, RemoteResult<ChunkEnd>>;
  void perform(std::span<Chunk> chunks, const Run::Tell& tell);
  void perform_together(std::span<Chunk> chunks, std::size_t begin, std::size_t end, const Run::Tell& tell) const;
  void choose_size(std::size_t chunks, std::size_t bytes, Clock::duration taken);
  [[noreturn]] void raise_item() const;

  const std::shared_ptr<Connections> connections_;
  const MapPlan plan_;
  NextItem next_;
  const UniqueFd stop_;                 // readable from the end on
  std::size_t chunks_ = 0, items_ = 0;  // that were read
  std::exception_ptr source_failure_;   // what the items' source threw; for next(), when the run says that there are no more

  std::optional<ChunkEnd> current_;
  std::size_t first_ = 0, at_ = 0;  // of the current chunk: its first item, and how many of its items were given

  std::atomic<std::size_t> at_once_ = 1;  // relaxed: a guess, made by each thread from what it saw last

  Run run_;  // last: its threads use what is above
};

}  // namespace jobpool::client
