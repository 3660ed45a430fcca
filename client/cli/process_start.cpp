// jobpool process start: Process.start. Prints the process's name and nothing else.
#include <sys/syscall.h>
#include <unistd.h>

#include "client/cli/process.hpp"
#include "client/cli/process_holder.hpp"
#include "client/cli/submission_options.hpp"
#include "client/cli/tell.hpp"
#include "client/lib/key.hpp"
#include "client/lib/remote_error.hpp"
#include "proto/process_messages.hpp"

namespace jobpool::cli {
namespace {

int tell_started(const Context& context, const Result<client::Reply>& reply) {
  if (!reply) return fail(reply.error());
  if (!reply->error.empty()) return fail(client::describe_error(*reply));
  const Result<proto::ProcessStarted> started = proto::read_process_started(reply->parameters);
  if (!started) return fail(started.error());
  return print_done(context.json ? reply->parameters.tree().dump() + "\n" : started->name + "\n",
                    "process '" + started->name + "' was started");
}

// Of a process that is there; it cannot become another's number afterwards.
Result<UniqueFd> open_pid(int pid) {
  UniqueFd fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (!fd) return errno_error("--daemon-of " + std::to_string(pid));
  return fd;
}

}  // namespace

int run_process_start(Context& context, Words words) {
  Options options(context,
                  {"process start [options] [--] COMMAND… | @FUNCTION [JSON…]",
                   "Starts a process outside any pool, and prints its name. Its input is empty unless --stdin says otherwise; the daemon\n"
                   "keeps its output. It is started at most once, and never tried again.",
                   "jobpool process start --name server --daemon-of $$ -- ./server --port 80"},
                  Options::Operands::end_options);
  SubmissionOptions target;
  proto::ProcessStartRequest request;
  std::optional<int> owner;
  options.text("--name", "NAME", "its name; 'Process-N' when absent", request.name);
  options.integer("--daemon-of", "PID", "it gets TERM when that process has ended", {1, 1 << 30}, owner);
  target.declare_target(options);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused("name a command or a @function to run");
  if (!request.name.empty())
    if (const std::string fault = process_name_fault(request.name); !fault.empty()) return options.misused(fault);
  Result<proto::Submission> job = target.build_target(parsed);
  if (!job) return job.error().code == Errc::invalid_argument ? options.misused(job.error().text) : fail(job.error());
  request.target = std::move(*job);
  request.target.inherited = 0;  // its key is made for this call: nobody compares it
  request.key = client::make_key();
  if (!owner)
    return tell_started(context,
                        context.ask("org.jobpool.Process.Start", proto::write_process_start(request), client::Resend::same_instance));

  const Result<UniqueFd> pid = open_pid(*owner);
  if (!pid) return fail(pid.error());
  request.daemonic = true;
  const Result<client::Connections*> connections = context.connect();
  if (!connections) return fail(connections.error());
  return start_held(request, (*connections)->path(), pid->get(),
                    [&](const Result<client::Reply>& reply) { return tell_started(context, reply); });
}

}  // namespace jobpool::cli
