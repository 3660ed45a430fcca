// --on-success and --on-failure of apply-async: multiprocessing's callback and error_callback, for the shell. Each is a job of its own that
// comes after the first one: so it outlives this process as that does, and one of the two is skipped.
#pragma once

#include <string>

#include "client/cli/context.hpp"
#include "client/cli/options.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {

class Callbacks {
 public:
  void declare(Options& options);
  // Errors: invalid_argument: the key has no room for theirs.
  Result<void> check(const proto::Submission& job) const;
  // `job`: as it was submitted, and is `id` now. Errors: as Context::submit.
  Result<void> submit(Context& context, const proto::Submission& job, JobId id) const;

 private:
  std::string on_success_, on_failure_;
};

}  // namespace jobpool::cli
