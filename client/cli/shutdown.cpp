// jobpool shutdown: ends the daemon, and returns when it has left.
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "client/cli/listener.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {
namespace {

constexpr std::chrono::seconds kConnectPatience{10};
constexpr std::chrono::seconds kLastPatience{20};  // longer than the daemon waits for workers that do not leave

// The daemon's process, where it is the one that listens: from its broker's hang-up to its own end, calls would be accepted there and read
// by nobody. None where another one holds the socket, as systemd does, which keeps them for the next daemon; or where the kernel cannot
// watch a process.
UniqueFd daemon_that_listens(client::Connection& connection) {
  const auto listener = listener_of(connection.fd());
  const Result<client::Reply> reply = connection.call("org.jobpool.Pool.Hello", "{}", Clock::now() + kConnectPatience);
  if (!listener || !reply || !reply->error.empty()) return {};
  const Result<proto::Hello> hello = proto::read_hello(reply->parameters);
  if (!hello || hello->supervisor_pid != listener->pid) return {};
  return UniqueFd{static_cast<int>(::syscall(SYS_pidfd_open, listener->pid, 0))};
}

bool ends_in_time(const UniqueFd& process) {
  pollfd watched{process.get(), POLLIN, 0};
  const TimePoint until = Clock::now() + kLastPatience;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    const int found = ::poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (found >= 0 || errno != EINTR) return found > 0;
  }
}

}  // namespace

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
  Result<client::Connection> witness = (*connections)->open_new(Clock::now() + kConnectPatience);
  if (!witness) return fail(witness.error());
  const UniqueFd daemon = daemon_that_listens(*witness);
  const Result<client::Reply> reply = context.ask("org.jobpool.Pool.Shutdown", proto::write_shutdown(proto::ShutdownRequest{now}),
                                                  client::Resend::never, Context::Daemon::must_run);
  if (!reply) return fail(reply.error());
  while (witness->read_more(client::kNever)) {
  }
  if (daemon && !ends_in_time(daemon))
    return fail(Error{Errc::timed_out, "the daemon's broker has gone, and the daemon has not: its log says why"});
  return context.json ? print("{}\n") : 0;
}

}  // namespace jobpool::cli
