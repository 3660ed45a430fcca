// jobpool apply-async: submit only, as multiprocessing's Pool.apply_async. Prints nothing but the id.
#include "client/cli/callbacks.hpp"
#include "client/cli/submission_options.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {

int run_apply_async(Context& context, Words words) {
  Options options(context,
                  {"apply-async [options] [--] COMMAND… | @FUNCTION [JSON…]",
                   "Submits a command or a function and prints its id. Its input is empty unless --stdin says otherwise; the daemon keeps\n"
                   "its output for 'jobpool get' and 'jobpool logs'. The job is durable unless --ephemeral or --output is given.",
                   "id=$(jobpool apply-async --at 02:00 --retries 3 -- ./nightly.sh)\n"
                   "         jobpool apply-async --unique report-$(date +%F) -- ./report.sh"},
                  Options::Operands::end_options);
  SubmissionOptions submission;
  Callbacks callbacks;
  submission.declare(options);
  callbacks.declare(options);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused("name a command or a @function to run");
  const Result<SubmissionCall> call = submission.build(context, parsed, OwnStreams::none);
  if (!call) return call.error().code == Errc::invalid_argument ? options.misused(call.error().text) : fail(call.error());
  if (auto checked = callbacks.check(call->job); !checked) return options.misused(checked.error().text);

  const Result<client::Reply> reply = context.submit(call->job, call->fds);
  if (!reply) return fail(reply.error());
  const Result<JobId> id = proto::read_accepted(reply->parameters);
  if (!id) return fail(id.error());
  const std::string number = std::to_string(id->value);
  // Its id is the caller's in any case. That it was accepted must not look like "try again": so a full queue is no 75 for the callbacks.
  const Result<void> called_back = callbacks.submit(context, call->job, *id);
  const int printed = print_done(context.json ? "{\"id\":" + number + "}\n" : number + "\n", "job " + number + " was submitted");
  if (called_back) return printed;
  tell(called_back.error().text);
  return kExitFailed;
}

}  // namespace jobpool::cli
