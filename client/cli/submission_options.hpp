// The options that apply and apply-async share, and the submission that they make together with the words behind them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/cli/options.hpp"
#include "client/cli/terms_options.hpp"
#include "common/unique_fd.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {

// What of the caller's own streams the command gets where no option says otherwise.
enum class OwnStreams { none, input, all };

struct SubmissionCall {
  proto::Submission job;
  std::vector<int> fds;          // lent: 0, 1, 2 or those opened below
  std::vector<UniqueFd> opened;  // --output, and a --stdin that only we can open
};

class SubmissionOptions {
 public:
  void declare(Options& options);
  // Only those that say what runs, and in which surroundings.
  void declare_target(Options& options);

  // Requires: parsed.operands is not empty. A first word "@name" without `--` before it is a function.
  // A durable job gets none of our streams: they would end with us. Asks the daemon only where --after selects among its jobs.
  // Errors: invalid_argument (a usage error), not_found, permission_denied, io; those of Context::select.
  Result<SubmissionCall> build(Context& context, const Options::Parsed& parsed, OwnStreams streams) const;
  // Its key is the user's, not one that was made for this call.
  bool is_keyed() const { return !key_.empty(); }
  // build() makes it anew: ask before that where nothing is to be written there.
  bool names_output() const { return !output_file_.empty(); }
  // After declare_target(). Requires, errors: likewise.
  Result<proto::Submission> build_target(const Options::Parsed& parsed) const;

 private:
  Result<void> fill(const Options::Parsed& parsed, OwnStreams streams, SubmissionCall& call) const;
  Result<void> fill_function(const std::vector<std::string>& words, proto::Submission& job) const;
  Result<void> fill_command(const std::vector<std::string>& words, OwnStreams streams, SubmissionCall& call) const;
  Result<void> pass_input(OwnStreams streams, SubmissionCall& call) const;
  Result<void> pass_streams(OwnStreams streams, SubmissionCall& call) const;
  void fill_environment(proto::Submission& job) const;

  std::string pool_{proto::kDefaultPool}, name_, key_, cwd_, stdin_file_, output_file_;
  std::vector<std::string> variables_;
  bool clean_environment_ = false;
  std::optional<Microseconds> grace_;
  std::optional<int> nice_;
  std::optional<std::int64_t> memory_bytes_;
  TermsOptions terms_;
};

}  // namespace jobpool::cli
