// Connecting once, and the verbs' kinds of calls over that.
#include "client/cli/context.hpp"

#include "client/cli/autostart.hpp"
#include "client/cli/selector.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/user_unit.hpp"
#include "client/lib/address.hpp"
#include "client/lib/inherited.hpp"
#include "client/lib/remote_error.hpp"

namespace jobpool::cli {
namespace {

constexpr std::chrono::seconds kConnectPatience{10};
constexpr std::chrono::seconds kAnswerPatience{60};  // for what needs no waiting: a daemon that is silent so long hangs

// By the user's socket unit, where there is one; whoever named a socket wants that and no other. Errors: the private daemon is next.
Result<client::Connection> wake_user_unit(const client::SocketPlan& plan, const client::Surroundings& around,
                                          client::Connections& connections) {
  if (plan.is_explicit) return Error{Errc::not_found, "the socket was named"};
  const Result<void> started = start_user_unit(around.runtime_directory);
  if (started) return connections.take(Clock::now() + kConnectPatience);
  if (started.error().code != Errc::not_found) tell(started.error().text + "; starting a private daemon");
  return started.error();
}

// 124 is for the time of a job and of who waits for one. A daemon that does not answer has failed.
Error unanswered(Error error) {
  if (error.code == Errc::timed_out) error.code = Errc::io;
  return error;
}

Result<client::Reply> without_error(Result<client::Reply> reply) {
  if (reply && !reply->error.empty()) return client::describe_error(*reply);
  return reply;
}

}  // namespace

Result<client::Connections*> Context::connect(Daemon daemon) {
  if (connections_) return connections_.get();
  const client::Surroundings around = client::surroundings();
  const client::SocketPlan plan = client::plan_socket(socket, around);
  auto connections = std::make_unique<client::Connections>(plan.candidates);
  Result<client::Connection> connection = connections->take(Clock::now() + kConnectPatience);
  if (!connection) {
    if (connection.error().code != Errc::closed || daemon == Daemon::must_run || no_autostart) return unanswered(connection.error());
    const Result<void> allowed = may_start_daemon();
    if (!allowed) return Error{Errc::closed, connection.error().text + " (" + allowed.error().text + ")"};
    connection = wake_user_unit(plan, around, *connections);
    if (!connection) {
      const Result<DaemonStart> start = plan_daemon_start(plan, around);
      if (!start) return start.error();
      connection = start_daemon(*start);
      if (!connection) return unanswered(connection.error());
      connections = std::make_unique<client::Connections>(std::vector<std::string>{start->socket});
    }
  }
  connections->give_back(std::move(*connection));
  connections_ = std::move(connections);
  return connections_.get();
}

Result<client::Reply> Context::ask(std::string_view method, std::string_view parameters, client::Resend resend, Daemon daemon) {
  const Result<client::Connections*> connections = connect(daemon);
  if (!connections) return connections.error();
  client::RecoveringCall call(**connections, proto::write_call(method, parameters), resend);
  Result<client::Reply> reply = call.finish(Clock::now() + kAnswerPatience);
  if (!reply) return unanswered(reply.error());
  return without_error(std::move(reply));
}

Result<client::Reply> Context::wait(std::string_view method, std::string_view parameters, client::Resend resend) {
  return without_error(hear(method, parameters, resend));
}

Result<client::Reply> Context::hear(std::string_view method, std::string_view parameters, client::Resend resend) {
  const Result<client::Connections*> connections = connect();
  if (!connections) return connections.error();
  client::RecoveringCall call(**connections, proto::write_call(method, parameters), resend);
  return call.finish(client::kNever);
}

Result<client::Reply> Context::wait(std::string_view method, std::optional<Microseconds> timeout, const client::WriteTimed& write,
                                    client::Resend resend) {
  return without_error(hear(method, timeout, write, resend));
}

Result<client::Reply> Context::hear(std::string_view method, std::optional<Microseconds> timeout, const client::WriteTimed& write,
                                    client::Resend resend) {
  const Result<client::Connections*> connections = connect();
  if (!connections) return connections.error();
  return client::call_within(**connections, method, timeout, write, resend);
}

Result<client::Reply> Context::submit(const proto::Submission& job, const std::vector<int>& fds) {
  const Result<client::Connections*> connections = connect();
  if (!connections) return connections.error();
  proto::Submission sent = job;
  if (auto settled = client::settle_inherited(**connections, sent, Clock::now() + kAnswerPatience); !settled)
    return unanswered(settled.error());
  client::RecoveringCall call(**connections, proto::write_call("org.jobpool.Pool.ApplyAsync", proto::write_submit(sent)),
                              client::Resend::same_instance, fds);
  Result<client::Reply> reply = call.finish(job.if_full == proto::IfFull::block ? client::kNever : Clock::now() + kAnswerPatience);
  if (!reply && reply.error().code == Errc::timed_out)
    return Error{Errc::interrupted,
                 reply.error().text + ": the job may have been accepted; 'jobpool list' tells when the daemon answers again"};
  return without_error(std::move(reply));
}

Result<void> Context::stream(std::string_view method, std::string_view parameters,
                             const std::function<Result<void>(proto::JsonText)>& take) {
  const Result<client::Connections*> connections = connect();
  if (!connections) return connections.error();
  // Never sent again: what was shown already would come twice.
  client::RecoveringCall call(**connections, proto::write_call(method, parameters, proto::CallMode::more), client::Resend::never_asks);
  for (;;) {
    Result<client::Reply> reply = without_error(call.finish(client::kNever));
    if (!reply) return reply.error();
    if (auto taken = take(reply->parameters); !taken) return taken;
    if (!reply->continues) return {};
  }
}

Result<std::vector<JobId>> Context::all_ids() {
  std::vector<JobId> ids;
  proto::ListRequest request;
  request.limit = 0;
  const auto take = [&ids](proto::JsonText parameters) -> Result<void> {
    if (!parameters.member("job")) return {};
    const Result<proto::Job> job = proto::read_job(parameters);
    if (!job) return job.error();
    ids.push_back(job->id);
    return {};
  };
  if (auto done = stream("org.jobpool.Job.List", proto::write_list(request), take); !done) return done.error();
  return ids;
}

Result<std::vector<JobId>> Context::select(Words words) {
  const Result<Selection> selection = parse_selection(words);
  if (!selection) return selection.error();
  return resolve_selection(*selection, [this] { return all_ids(); });
}

Result<std::vector<JobId>> Context::select_for_one_call(Words words) {
  Result<std::vector<JobId>> ids = select(words);
  if (ids && ids->size() > proto::kMaxIds)
    return Error{Errc::invalid_argument, "these are " + std::to_string(ids->size()) + " jobs, and one call takes " +
                                             std::to_string(proto::kMaxIds) + " at most: name fewer at a time"};
  return ids;
}

Result<JobId> Context::select_one(const std::string& word) {
  const Result<std::vector<JobId>> ids = select(Words{&word, 1});
  if (!ids) return ids.error();
  if (ids->size() != 1)
    return Error{Errc::invalid_argument, "'" + word + "' selects " + std::to_string(ids->size()) + " jobs; this verb takes one"};
  return ids->front();
}

}  // namespace jobpool::cli
