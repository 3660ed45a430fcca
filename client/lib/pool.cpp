// Pool: submissions out, endings in; Results become exceptions here.
#include "jobpool/pool.hpp"

#include "client/lib/inherited.hpp"
#include "client/lib/raise.hpp"
#include "client/lib/submission.hpp"
#include "proto/large_call.hpp"

namespace jobpool {
namespace {

constexpr std::string_view kApply = "org.jobpool.Pool.Apply";
constexpr std::string_view kApplyAsync = "org.jobpool.Pool.ApplyAsync";

// From here on arguments are not copied into the call.
constexpr std::size_t kLargeArguments = 64 * 1024;

proto::Ending run(client::Connections& connections, client::Message&& call, std::vector<int> fds = {}) {
  const proto::JsonObject answer = client::ask(connections, std::move(call), client::Resend::same_instance, std::move(fds));
  return client::value_or_raise(proto::read_ending(answer));
}

JobId submit(client::Connections& connections, client::Message&& call, std::vector<int> fds = {}) {
  const proto::JsonObject answer = client::ask(connections, std::move(call), client::Resend::same_instance, std::move(fds));
  return client::value_or_raise(proto::read_accepted(answer));
}

client::Message call_of(std::string_view method, const proto::Submission& job) { return {proto::write_submit_call(method, job)}; }

// `arguments` must outlive the call.
client::Message function_call(std::string_view method, const std::string& pool, const SubmitOptions& options, std::string_view function,
                              std::string& arguments) {
  const bool is_large = arguments.size() >= kLargeArguments;
  proto::Submission job = client::function_submission(pool, function, is_large ? std::string{} : std::move(arguments));
  client::apply_options(options, job);
  if (!is_large) return call_of(method, job);
  proto::SubmitAround around = proto::write_submit_around(method, job);
  return {std::move(around.text), arguments, around.arguments_at};
}

client::CommandCall command_job(client::Connections& connections, const std::string& pool, const SubmitOptions& options,
                                const Command& command) {
  client::CommandCall call = client::value_or_raise(client::command_submission(pool, command));
  client::apply_options(options, call.job);
  if (auto settled = client::settle_inherited(connections, call.job, client::kNever); !settled) client::raise(settled.error());
  return call;
}

}  // namespace

Pool Pool::with(SubmitOptions options) const {
  Pool same = *this;
  same.options_ = std::move(options);
  return same;
}

std::string Pool::apply_text(std::string_view function, std::string arguments) const {
  proto::Ending ending = run(*connections_, function_call(kApply, name_, options_, function, arguments));
  client::raise_unless_succeeded(ending);
  return ending.result ? std::move(*ending.result) : "null";
}

CommandResult Pool::apply(const Command& command) const {
  client::CommandCall call = command_job(*connections_, name_, options_, command);
  proto::Ending ending = run(*connections_, call_of(kApply, call.job), std::move(call.fds));
  client::raise_unless_ran(ending);
  return client::command_result(std::move(ending));
}

AsyncResult Pool::apply_async_text(std::string_view function, std::string arguments) const {
  return AsyncResult{connections_, submit(*connections_, function_call(kApplyAsync, name_, options_, function, arguments)).value};
}

AsyncResult Pool::apply_async(const Command& command) const {
  client::CommandCall call = command_job(*connections_, name_, options_, command);
  return AsyncResult{connections_, submit(*connections_, call_of(kApplyAsync, call.job), std::move(call.fds)).value};
}

}  // namespace jobpool
