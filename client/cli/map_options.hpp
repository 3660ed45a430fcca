// The options of `jobpool map`, beside those of a submission, and which of them exclude each other.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "client/cli/halt_rule.hpp"
#include "client/cli/item_source.hpp"
#include "client/cli/job_log.hpp"
#include "client/cli/options.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {

class MapOptions {
 public:
  void declare(Options& options);
  // Errors: invalid_argument: two that exclude each other.
  Result<void> check() const;

  // `job`: a submission as it was asked for, `is_keyed` under a key of the user's. Errors: invalid_argument: the key of each of its jobs
  // would be too long, or another one each time.
  Result<void> check_key(const proto::Submission& job, bool is_keyed) const;

  // Takes the separator along: once.
  ItemSource::Form take_form();
  JobLog::Resume resume() const {
    return resume_failed_ ? JobLog::Resume::succeeded : resume_all_ ? JobLog::Resume::all : JobLog::Resume::nothing;
  }

  bool stream = false, keep_order = false, raw = false, tag = false, bar = false, dry_run = false, async = false;
  std::optional<int> slots, buffer, chunk;
  std::string job_log;
  HaltRule halt;
  bool halts = false;

 private:
  bool null_separated_ = false, resume_all_ = false, resume_failed_ = false;
  std::string file_;
  std::optional<ColumnSeparator> columns_;
};

}  // namespace jobpool::cli
