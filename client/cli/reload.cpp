// jobpool reload: the daemon's programs are replaced by those on disk now, while jobs go on. With --wait it returns when that is done.
#include <utility>

#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"
#include "client/lib/remote_error.hpp"

namespace jobpool::cli {
namespace {

constexpr std::chrono::seconds kReloadPatience{30};
constexpr std::chrono::milliseconds kLookAgain{250};  // at whether it waits for running jobs, when it takes so long

Error not_in_time() {
  return Error{Errc::timed_out, "the new broker does not serve after " + std::to_string(kReloadPatience.count()) +
                                    " s; the daemon's log says why, and 'jobpool ping' whether it does later"};
}

Result<proto::Status> ask_status(client::Connections& connections, TimePoint deadline) {
  client::RecoveringCall call(connections, proto::write_call("org.jobpool.Pool.Status", "{}"), client::Resend::always);
  const Result<client::Reply> reply = call.finish(deadline);
  if (!reply) return reply.error().code == Errc::timed_out ? not_in_time() : reply.error();
  if (!reply->error.empty()) return client::describe_error(*reply);
  return proto::read_status(reply->parameters);
}

// How long a reload may take. That does not count while the daemon waits until its workers have done what they have.
struct Patience {
  TimePoint deadline = Clock::now() + kReloadPatience;
  bool was_explained = false;
};

// Nothing has come for a while. Returns whether it is worth waiting on.
bool look_again(client::Connections& connections, Patience& patience) {
  const Result<proto::Status> status = ask_status(connections, patience.deadline);
  const std::int64_t retiring = status ? status->workers_retiring.value_or(0) : 0;
  if (retiring == 0) return Clock::now() < patience.deadline;
  if (!std::exchange(patience.was_explained, true))
    tell("the new programs cannot read the memory of the running ones: the reload waits until " + std::to_string(retiring) +
         (retiring == 1 ? " worker has done what it has" : " workers have done what they have") + ", and nothing else starts before");
  patience.deadline = Clock::now() + kReloadPatience;
  return true;
}

// The daemon's next word. Errors: closed: it, or its broker, has gone; timed_out.
Result<client::Reply> hear(client::Connections& connections, client::Connection& witness, Patience& patience) {
  for (;;) {
    Result<client::Reply> reply = witness.receive(std::min(patience.deadline, Clock::now() + kLookAgain));
    if (reply) return reply;
    if (reply.error().code != Errc::timed_out) return Error{Errc::closed, reply.error().text};
    if (!look_again(connections, patience)) return not_in_time();
  }
}

// On a connection of its own, whose hang-up is the news that the broker has gone; returns then. Errors: the daemon's, as soon as it says
// that nothing comes of it.
Result<void> ask_and_lose(client::Connections& connections, Patience& patience) {
  Result<client::Connection> witness = connections.open_new(patience.deadline);
  if (!witness) return witness.error();
  // The daemon that runs is the old one, which may not know `wait` yet: then it answers, and hangs up when it goes.
  for (const bool wait : {true, false}) {
    const std::string call = proto::write_call("org.jobpool.Pool.Reload", proto::write_reload({wait}));
    const Result<void> sent = witness->send(call, {}, patience.deadline);
    if (!sent) return sent.error().code == Errc::closed ? Result<void>{} : sent;
    const Result<client::Reply> reply = hear(connections, *witness, patience);
    if (!reply) return reply.error().code == Errc::closed ? Result<void>{} : reply.error();
    if (wait && reply->error == proto::error::kInvalidParameter) continue;
    if (!reply->error.empty()) return client::describe_error(*reply);
    break;  // taken: another one would be another reload
  }
  for (;;) {
    const Result<client::Reply> more = hear(connections, *witness, patience);
    if (!more) return more.error().code == Errc::closed ? Result<void>{} : more.error();
  }
}

enum class Became { another_program, nothing_yet };

// What has become of a daemon whose broker has ended. Errors: it is no other program, and none will come of this; said in words.
Result<Became> compare(const proto::Status& before, const proto::Status& after) {
  if (after.instance != before.instance)
    return Error{Errc::interrupted,
                 "the daemon ended in the reload, with the jobs that ran, and another one was started; its log says why"};
  // Before, it was of a version that did not count: what counts now is the new program, or there is no telling.
  if (!after.reloads || (!before.reloads && *after.reloads > 0)) return Became::another_program;
  if (*after.reloads > before.reloads.value_or(0)) return Became::another_program;
  if (after.failed_reloads.value_or(0) > before.failed_reloads.value_or(0))
    return Error{
        Errc::unsupported,
        "the new program could not be executed: the daemon goes on with the one that it was, with another broker; its log says why"};
  return Became::nothing_yet;
}

// On new connections: the supervisor holds the socket across a reload, so that nobody listens there any more when it has ended.
Result<proto::Status> ask_next_broker(client::Connections& connections, TimePoint deadline) {
  while (Clock::now() < deadline) {
    Result<client::Connection> connection = connections.open_new(deadline);
    if (!connection) return connection.error();
    const Result<void> sent = connection->send(proto::write_call("org.jobpool.Pool.Status", "{}"), {}, deadline);
    const Result<client::Reply> reply = sent ? connection->receive(deadline) : Result<client::Reply>{sent.error()};
    if (!reply && reply.error().code == Errc::closed) continue;  // that broker has died as well, or the daemon
    if (!reply) return reply.error().code == Errc::timed_out ? not_in_time() : reply.error();
    if (!reply->error.empty()) return client::describe_error(*reply);
    return proto::read_status(reply->parameters);
  }
  return not_in_time();
}

Result<Became> await_next_broker(client::Connections& connections, const proto::Status& before, TimePoint deadline) {
  const Result<proto::Status> after = ask_next_broker(connections, deadline);
  if (after) return compare(before, *after);
  if (after.error().code != Errc::closed) return after.error();
  return Error{Errc::closed, "the daemon ended in the reload, with the jobs that ran; its log says why (" + after.error().text + ")"};
}

// A broker that died for another reason, before the reload was tried or while it was, has taken the call with it: its successor is asked.
Result<void> reload_and_wait(client::Connections& connections) {
  Patience patience;
  const Result<proto::Status> before = ask_status(connections, patience.deadline);
  if (!before) return before.error();
  for (;;) {
    if (auto asked = ask_and_lose(connections, patience); !asked) return asked;
    const Result<Became> became = await_next_broker(connections, *before, patience.deadline);
    if (!became) return became.error();
    if (*became == Became::another_program) return {};
  }
}

}  // namespace

int run_reload(Context& context, Words words) {
  Options options(context,
                  {"reload [options]",
                   "Replaces the daemon's programs by those on disk now, after an upgrade: jobs go on, waiting clients too. (Where the\n"
                   "new programs' shared memory has another layout, running jobs end first, and nothing else starts before.) Returns\n"
                   "when that has begun.",
                   "jobpool reload --wait"});
  bool wait = false;
  options.flag("--wait",
               "return when the new programs serve, or nothing comes of it (exit code 125); gives up after 30 s with 124,\nbut for the "
               "time that running jobs need to end where the new programs cannot take them over",
               wait);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (!parsed.operands.empty()) return options.misused("reload takes no operands");
  const Result<client::Connections*> connections = context.connect(Context::Daemon::must_run);
  if (!connections) return fail(connections.error());

  if (!wait) {
    const Result<client::Reply> reply = context.ask("org.jobpool.Pool.Reload", "{}", client::Resend::never, Context::Daemon::must_run);
    if (!reply) return fail(reply.error());
  } else if (const Result<void> done = reload_and_wait(**connections); !done) {
    return fail(done.error());
  }
  return context.json ? print("{}\n") : 0;
}

}  // namespace jobpool::cli
