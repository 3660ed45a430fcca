// The queue of finished names: whoever copies puts them in, and one reader shows them and counts. In this process; it is the one place
// where names pass, so that a named queue of the daemon can take its place.
#pragma once

#include <condition_variable>
#include <mutex>
#include <vector>

#include "client/cli/copy/finished.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::cli {

class FinishedQueue {
 public:
  // `putters`: how many call leave() before it has ended.
  explicit FinishedQueue(std::size_t putters);

  // Waits while the reader is far behind.
  void put(std::vector<Finished> names);
  void leave();

  // Readable when take() has something, or the queue has ended.
  int fd() const { return news_.get(); }
  std::vector<Finished> take();
  bool has_ended() const;  // all putters have left, and all is taken

 private:
  void tell();

  UniqueFd news_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::vector<Finished> names_;
  std::size_t putters_;
};

}  // namespace jobpool::cli
