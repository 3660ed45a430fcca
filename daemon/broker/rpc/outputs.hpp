// The files that commands wrote their output to, in the daemon's output directory: <id>.<attempt>.out and .err.
// Broker process, its one thread. Reads and removes; workers make them.
#pragma once

#include <cstdint>

#include "common/function_ref.hpp"
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
  // Of all its attempts up to this one.
  void remove(JobId job, std::uint32_t last_attempt) const;
  // What an earlier daemon left of jobs that nobody knows any more. Other names are left alone. Errors: io.
  Result<void> remove_strays(function_ref<bool(JobId)> is_known) const;

 private:
  UniqueFd directory_;
};

}  // namespace jobpool::broker
