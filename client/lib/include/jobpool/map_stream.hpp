// The results of a map as they become known: multiprocessing's imap and imap_unordered. One thread at a time; move-only.
//
//   for (auto files = pool.imap<long>("count_lines", names); auto lines = files.next();) total += *lines;
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "jobpool/export.hpp"
#include "jobpool/value.hpp"

namespace jobpool {
namespace client {
class MapCalls;
}

struct MapOptions {
  // Items to a job, which one worker runs in one go. 0: Python's rule: map makes about four chunks for each worker, imap chunks of 1.
  // (Of a map, whose items are all there, small chunks that are quickly done go to the daemon several at a time.)
  std::size_t chunk_size = 0;
  // imap: how many chunks may be read ahead of the first whose results were not taken; 0: four for each worker.
  std::size_t buffer = 0;
};

// Appends the arguments of one more item, JSON text of an array. False: that was all. Called by other threads, one at a time. What it
// throws comes out of MapTexts::next, or of Pool::map.
using NextItem = std::function<bool(std::string& out)>;

// The results' JSON texts.
class JOBPOOL_EXPORT MapTexts {
 public:
  MapTexts(MapTexts&&) noexcept;
  MapTexts& operator=(MapTexts&&) noexcept;
  // Items that run are cancelled; nothing more is read.
  ~MapTexts();

  // The next result, valid until the next call; nullopt: that was all.
  // Errors: ItemFailed for an item that failed, after which the next call goes on with the next item; what the items' source threw, once
  // the results of what was read before were given, after which there are no more (a ClientError becomes InvalidCall with the item's
  // place); else as Pool::apply.
  std::optional<std::string_view> next();
  // The item of the result, or of the error, that next() gave last: its place among the items, from 0.
  std::size_t index() const;

 private:
  friend class Pool;
  explicit MapTexts(std::unique_ptr<client::MapCalls> calls);

  std::unique_ptr<client::MapCalls> calls_;
};

template <class T = Json>
class MapStream {
 public:
  explicit MapStream(MapTexts texts) : texts_(std::move(texts)) {}

  // As MapTexts::next; InvalidCall: the result is of another type.
  std::optional<T> next() {
    const std::optional<std::string_view> text = texts_.next();
    if (!text) return std::nullopt;
    return json_value<T>(*text);
  }
  std::size_t index() const { return texts_.index(); }

 private:
  MapTexts texts_;
};

}  // namespace jobpool
