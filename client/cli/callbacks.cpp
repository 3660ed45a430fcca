// See callbacks.hpp.
#include "client/cli/callbacks.hpp"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "client/cli/own_umask.hpp"
#include "client/lib/submission.hpp"

namespace jobpool::cli {
namespace {

constexpr std::string_view kSuccess = "-on-success", kFailure = "-on-failure";

// What the shell runs has the surroundings of the job, if that is a command, else ours.
Result<proto::Submission> callback(const proto::Submission& job, JobId id, const std::string& command, std::string_view which) {
  proto::Submission callback;
  callback.command = {"/bin/sh", "-c", command};
  callback.name = "of job " + std::to_string(id.value) + ": " + std::string{which.substr(1)};
  callback.key = job.key + std::string{which};
  callback.durable = job.durable.value_or(!job.stdout_index);
  callback.umask = job.function ? own_umask() : job.umask;
  callback.cwd = job.cwd;
  if (job.function) {
    Result<std::string> here = client::current_directory();
    if (!here) return here.error();
    callback.cwd = std::move(*here);
  }
  callback.environment = job.environment ? *job.environment : client::current_environment();
  callback.inherited = job.environment ? job.inherited : callback.environment->size();
  const auto is_of_job = [](const std::string& variable) { return variable.starts_with("JOBPOOL_OF_JOB="); };
  callback.inherited -=
      static_cast<std::size_t>(std::ranges::count_if(std::span{*callback.environment}.first(callback.inherited), is_of_job));
  std::erase_if(*callback.environment, is_of_job);
  callback.environment->push_back("JOBPOOL_OF_JOB=" + std::to_string(id.value));
  (which == kSuccess ? callback.after : callback.after_failed) = {id};
  return callback;
}

}  // namespace

void Callbacks::declare(Options& options) {
  options.text("--on-success", "CMD", "when it has succeeded, a job runs CMD in a shell (pool 'default'), with the id in $JOBPOOL_OF_JOB",
               on_success_);
  options.text("--on-failure", "CMD", "the same when it has ended, but not well", on_failure_);
}

Result<void> Callbacks::check(const proto::Submission& job) const {
  if (on_success_.empty() && on_failure_.empty()) return {};
  const std::size_t room = proto::kMaxKeyBytes - kSuccess.size();
  if (job.key.size() <= room) return {};
  return Error{Errc::invalid_argument, "with --on-success or --on-failure a key has " + std::to_string(room) + " bytes at most"};
}

Result<void> Callbacks::submit(Context& context, const proto::Submission& job, JobId id) const {
  for (const auto& [command, which] : {std::pair{&on_success_, kSuccess}, std::pair{&on_failure_, kFailure}}) {
    if (command->empty()) continue;
    const Result<proto::Submission> submission = callback(job, id, *command, which);
    if (!submission) return submission.error();
    const Result<client::Reply> reply = context.submit(*submission, {});
    if (!reply)
      return Error{reply.error().code, "job " + std::to_string(id.value) + " was submitted, and its -" + std::string{which} +
                                           " was not: " + reply.error().text};
  }
  return {};
}

}  // namespace jobpool::cli
