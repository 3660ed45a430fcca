// How put and get wait: the options they share, and the call that waits.
#pragma once

#include "client/cli/queue.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool::cli {

class QueueWaitOptions {
 public:
  // `over`: "full" or "empty".
  void declare(Options& options, std::string_view over);
  // Errors: invalid_argument: both were given.
  Result<proto::QueueWait> build() const;

 private:
  bool no_wait_ = false;
  std::optional<Microseconds> timeout_;
};

}  // namespace jobpool::cli
