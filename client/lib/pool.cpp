// Pool: submissions out, endings in; Results become exceptions here.
#include "jobpool/pool.hpp"

#include "client/lib/raise.hpp"
#include "client/lib/submission.hpp"

namespace jobpool {
namespace {

constexpr std::string_view kApply = "org.jobpool.Pool.Apply";
constexpr std::string_view kApplyAsync = "org.jobpool.Pool.ApplyAsync";

proto::Ending run(client::Connections& connections, const proto::Submission& job, std::vector<int> fds = {}) {
  const proto::JsonObject answer =
      client::ask(connections, kApply, proto::write_submit(job), client::Resend::same_instance, client::kNever, std::move(fds));
  return client::value_or_raise(proto::read_ending(answer));
}

JobId submit(client::Connections& connections, const proto::Submission& job, std::vector<int> fds = {}) {
  const proto::JsonObject answer =
      client::ask(connections, kApplyAsync, proto::write_submit(job), client::Resend::same_instance, client::kNever, std::move(fds));
  return client::value_or_raise(proto::read_accepted(answer));
}

proto::Submission function_job(const std::string& pool, const SubmitOptions& options, std::string_view function, std::string arguments) {
  proto::Submission job = client::function_submission(pool, function, std::move(arguments));
  client::apply_options(options, job);
  return job;
}

client::CommandCall command_job(const std::string& pool, const SubmitOptions& options, const Command& command) {
  client::CommandCall call = client::value_or_raise(client::command_submission(pool, command));
  client::apply_options(options, call.job);
  return call;
}

}  // namespace

Pool Pool::with(SubmitOptions options) const {
  Pool same = *this;
  same.options_ = std::move(options);
  return same;
}

std::string Pool::apply_text(std::string_view function, std::string arguments) const {
  proto::Ending ending = run(*connections_, function_job(name_, options_, function, std::move(arguments)));
  client::raise_unless_succeeded(ending);
  return ending.result ? std::move(*ending.result) : "null";
}

CommandResult Pool::apply(const Command& command) const {
  client::CommandCall call = command_job(name_, options_, command);
  proto::Ending ending = run(*connections_, call.job, std::move(call.fds));
  client::raise_unless_ran(ending);
  return client::command_result(std::move(ending));
}

AsyncResult Pool::apply_async_text(std::string_view function, std::string arguments) const {
  return AsyncResult{connections_, submit(*connections_, function_job(name_, options_, function, std::move(arguments))).value};
}

AsyncResult Pool::apply_async(const Command& command) const {
  client::CommandCall call = command_job(name_, options_, command);
  return AsyncResult{connections_, submit(*connections_, call.job, std::move(call.fds)).value};
}

}  // namespace jobpool
