// The files that commands wrote their output to, in the daemon's output directory: <id>.<attempt>.out and .err.
// Broker process, its one thread. Reads and removes; workers make them.
#pragma once

#include <cstdint>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "proto/messages.hpp"

namespace jobpool::broker {

enum class Stream { standard_output, standard_error };

class Outputs {
 public:
  explicit Outputs(UniqueFd directory) : directory_(std::move(directory)) {}

  // Open for reading. Errors: not_found: no such file (it was empty, or went elsewhere); io.
  Result<UniqueFd> open(JobId job, std::uint32_t attempt, Stream stream) const;
  // The first kMaxOutputInReply bytes; empty when there is no file.
  proto::Output read(JobId job, std::uint32_t attempt, Stream stream) const;
  void remove(JobId job, std::uint32_t attempt) const;

 private:
  UniqueFd directory_;
};

}  // namespace jobpool::broker
