// The options that say when a job runs, how often, and what it outlives. Part of submission_options.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/cli/options.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {

class TermsOptions {
 public:
  void declare(Options& options);

  // Asks the daemon which jobs are meant where --after and --after-any select. Errors: invalid_argument (a usage error); those of
  // Context::select.
  Result<void> fill(Context& context, proto::Submission& job) const;

  bool durable() const { return durable_; }

 private:
  Result<void> fill_dependencies(Context& context, proto::Submission& job) const;

  bool durable_ = false, ephemeral_ = false;
  std::optional<int> priority_, retries_;
  std::optional<Microseconds> delay_, backoff_, timeout_;
  std::optional<std::int64_t> at_usec_;
  std::vector<std::string> after_, after_any_, after_failed_;
  std::optional<proto::IfFull> if_full_;
};

}  // namespace jobpool::cli
