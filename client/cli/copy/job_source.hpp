// The work that is found and not yet begun: put in by the walk, taken by the callers, which put in the ranges of a large file themselves.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "client/cli/copy/plan.hpp"
#include "common/result.hpp"

namespace jobpool::cli {

class LargeFile;

struct LargeWork {
  FoundFile file;
};
struct RangeWork {
  std::shared_ptr<LargeFile> file;
  proto::CopyRange range;
};
using CopyWork = std::variant<FileBatch, LargeWork, RangeWork>;

// Why a copy stops whose target is full.
inline Error no_room_error() { return {Errc::full, "the target's disk is full: make room, then the same command goes on from here"}; }

class JobSource {
 public:
  // Waits while very much is waiting already.
  void put(CopyWork work);
  // Before all others: a file that was begun is finished first.
  void put_first(std::vector<CopyWork> works);
  // The walk is over.
  void close();
  // Nothing more is given out. The first reason counts.
  void stop(Error why);

  // Waits for it; nullopt: there will be none. Each is followed by done(), since one that is at work may put more.
  std::optional<CopyWork> take();
  void done();

  bool is_stopped() const;
  std::optional<Error> why_stopped() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable news_, room_;
  std::deque<CopyWork> works_;
  std::size_t busy_ = 0;
  bool closed_ = false;
  std::optional<Error> stopped_;
};

}  // namespace jobpool::cli
