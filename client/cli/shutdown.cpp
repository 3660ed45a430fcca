// jobpool shutdown: ends the daemon, and returns when its broker has left.
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {

int run_shutdown(Context& context, Words words) {
  Options options(context,
                  {"shutdown [options]",
                   "Ends the daemon: no new jobs, running ones may finish within the daemon's deadline. Of those that have not started,\n"
                   "the durable ones wait for the next daemon, the others are cancelled. Returns when it has gone.",
                   "jobpool shutdown --now"});
  bool now = false;
  options.flag("--now", "stop running jobs too", now);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (!parsed.operands.empty()) return options.misused("shutdown takes no operands");
  const Result<client::Connections*> connections = context.connect(Context::Daemon::must_run);
  if (!connections) return fail(connections.error());
  // The hang-up is the news that it has gone: a connection of its own, open before the order is given.
  Result<client::Connection> witness = (*connections)->open_new(Clock::now() + std::chrono::seconds{10});
  if (!witness) return fail(witness.error());
  const Result<client::Reply> reply = context.ask("org.jobpool.Pool.Shutdown", proto::write_shutdown(proto::ShutdownRequest{now}),
                                                  client::Resend::never, Context::Daemon::must_run);
  if (!reply) return fail(reply.error());
  while (witness->read_more(client::kNever)) {
  }
  return 0;
}

}  // namespace jobpool::cli
