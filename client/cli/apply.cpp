// jobpool apply: submit and wait, as multiprocessing's Pool.apply. A command gets our own stdin, stdout and stderr, so that nothing is
// copied.
#include <unistd.h>

#include "client/cli/ending_output.hpp"
#include "client/cli/foreground_job.hpp"
#include "client/cli/submission_options.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/unread_input.hpp"
#include "client/cli/verbs.hpp"
#include "client/lib/inherited.hpp"

namespace jobpool::cli {
namespace {

// A command that has no other input, and would have ours if that did not end with us.
bool is_deaf(const proto::Submission& job) { return job.durable.value_or(false) && !job.function && job.stdin_file.empty(); }

}  // namespace

int run_apply(Context& context, Words words) {
  Options options(context,
                  {"apply [options] [--] COMMAND… | @FUNCTION [JSON…]",
                   "Runs a command or a function in a worker and waits for it; exits as it does.\n"
                   "Ctrl-C: SIGINT to the command; again: cancel it; a third time: kill it.",
                   "jobpool apply --timeout 10m --retries 2 -- make -j4      jobpool apply @square 7"},
                  Options::Operands::end_options);
  SubmissionOptions submission;
  bool raw = false, detach = false;
  submission.declare(options);
  options.flag("--raw", "print a result that is a string without its quotes", raw);
  options.flag("--detach-on-interrupt", "Ctrl-C, and the end of this process, leave the job running", detach);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused("name a command or a @function to run");

  // With --json the output is part of the object; of a durable job the daemon keeps it, and it is replayed at the end.
  Result<SubmissionCall> call = submission.build(context, parsed, context.json ? OwnStreams::input : OwnStreams::all);
  if (!call) return call.error().code == Errc::invalid_argument ? options.misused(call.error().text) : fail(call.error());
  const bool loses_input = is_deaf(call->job);
  if (loses_input && has_unread_input(STDIN_FILENO))
    return options.misused("a durable job gets none of our stdin, and there is some: name it with --stdin FILE, or write </dev/null");
  call->job.detach = detach;
  const Result<client::Connections*> connections = context.connect();
  if (!connections) return fail(connections.error());
  if (auto settled = client::settle_inherited(**connections, call->job, client::kNever); !settled) return fail(settled.error());

  ForegroundJob job(**connections, call->job, call->fds, detach ? OnInterrupt::detach : OnInterrupt::stop_job);
  const Result<std::optional<proto::Ending>> ending = job.run();
  job.leave_interrupts();  // its output may be long
  if (!ending) return fail(ending.error());
  if (!*ending) return kExitInterrupted;
  if (loses_input && has_unread_input(STDIN_FILENO))  // a pipe that was empty at the beginning is no reason to refuse
    tell("what came on stdin did not reach the job, since it is durable: name its input with --stdin FILE");
  return show_ending(context, **ending, raw ? ResultForm::raw : ResultForm::json);
}

}  // namespace jobpool::cli
