// jobpool reload: the daemon's programs are replaced by those on disk now, while jobs go on. With --wait it returns when that is done.
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"
#include "client/lib/remote_error.hpp"

namespace jobpool::cli {
namespace {

constexpr std::chrono::seconds kReloadPatience{30};

Error not_in_time() {
  return Error{Errc::timed_out, "the new broker does not serve after " + std::to_string(kReloadPatience.count()) +
                                    " s; the daemon's log says why, and 'jobpool ping' whether it does later"};
}

Result<client::Reply> ask_until(client::Connections& connections, std::string_view method, TimePoint deadline) {
  client::RecoveringCall call(connections, proto::write_call(method, "{}"), client::Resend::always);
  Result<client::Reply> reply = call.finish(deadline);
  if (!reply) return reply.error().code == Errc::timed_out ? not_in_time() : reply.error();
  if (!reply->error.empty()) return client::describe_error(*reply);
  return reply;
}

Result<int> broker_pid(const Result<client::Reply>& reply) {
  if (!reply) return reply.error();
  const Result<proto::Hello> hello = proto::read_hello(reply->parameters);
  if (!hello) return hello.error();
  return hello->broker_pid;
}

// A connection to the broker of now, and its pid: the reload is asked for there, and its hang-up is the news that this broker has gone.
struct Witness {
  client::Connection connection;
  int broker_pid;
};

Result<Witness> make_witness(client::Connections& connections, TimePoint deadline) {
  Result<client::Connection> connection = connections.open_new(deadline);
  if (!connection) return connection.error();
  const Result<void> sent = connection->send(proto::write_call("org.jobpool.Pool.Hello", "{}"), {}, deadline);
  if (!sent) return sent.error();
  const Result<int> pid = broker_pid(connection->receive(deadline));
  if (!pid) return pid.error();
  return Witness{std::move(*connection), *pid};
}

// Returns when the witness has hung up. Errors: the daemon's, as soon as it says that nothing comes of it.
Result<void> ask_and_lose(Witness& witness, TimePoint deadline) {
  // The daemon that runs is the old one, which may not know `wait` yet: then it answers, and hangs up when it goes.
  for (const bool wait : {true, false}) {
    const std::string call = proto::write_call("org.jobpool.Pool.Reload", proto::write_reload({wait}));
    if (const auto sent = witness.connection.send(call, {}, deadline); !sent) return sent;
    const Result<client::Reply> reply = witness.connection.receive(deadline);
    if (!reply) return reply.error().code == Errc::timed_out ? not_in_time() : Result<void>{};
    if (wait && reply->error == proto::error::kInvalidParameter) continue;
    if (!reply->error.empty()) return client::describe_error(*reply);
    break;  // taken: another one would be another reload
  }
  Result<void> heard;
  while ((heard = witness.connection.read_more(deadline))) continue;
  return heard.error().code == Errc::timed_out ? not_in_time() : Result<void>{};
}

// Until another broker answers than the witness saw, Status too: then it has read what the old one left.
Result<void> await_other_broker(client::Connections& connections, const Witness& witness, TimePoint deadline) {
  const Result<int> pid = broker_pid(ask_until(connections, "org.jobpool.Pool.Hello", deadline));
  if (!pid) return pid.error();
  if (*pid == witness.broker_pid) return Error{Errc::unsupported, "the old broker still serves: the reload did not happen"};
  const Result<client::Reply> status = ask_until(connections, "org.jobpool.Pool.Status", deadline);
  return status ? Result<void>{} : status.error();
}

}  // namespace

int run_reload(Context& context, Words words) {
  Options options(context,
                  {"reload [options]",
                   "Replaces the daemon's programs by those on disk now, after an upgrade: jobs go on, waiting clients too. Returns when\n"
                   "that has begun.",
                   "jobpool reload --wait"});
  bool wait = false;
  options.flag("--wait", "return when the new broker serves, or nothing comes of it; gives up after 30 s with exit code 124", wait);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (!parsed.operands.empty()) return options.misused("reload takes no operands");
  const Result<client::Connections*> connections = context.connect(Context::Daemon::must_run);
  if (!connections) return fail(connections.error());

  if (!wait) {
    const Result<client::Reply> reply = context.ask("org.jobpool.Pool.Reload", "{}", client::Resend::never, Context::Daemon::must_run);
    return reply ? 0 : fail(reply.error());
  }
  const TimePoint deadline = Clock::now() + kReloadPatience;
  Result<Witness> witness = make_witness(**connections, deadline);
  if (!witness) return fail(witness.error());
  Result<void> done = ask_and_lose(*witness, deadline);
  if (done) done = await_other_broker(**connections, *witness, deadline);
  return done ? 0 : fail(done.error());
}

}  // namespace jobpool::cli
