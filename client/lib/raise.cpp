// Which exception an Error, an error reply or an ending becomes.
#include "client/lib/raise.hpp"

#include "jobpool/errors.hpp"

namespace jobpool::client {
namespace {

std::string reason_of(const proto::Ending& ending) {
  if (!ending.reason.empty()) return ending.reason;
  if (ending.signal) return "died of signal " + std::to_string(*ending.signal);
  if (ending.exit_code) return "exit code " + std::to_string(*ending.exit_code);
  return "no reason given";
}

[[noreturn]] void raise_ending(const proto::Ending& ending) {
  const std::string outcome{to_string(ending.outcome)};
  const std::string reason = reason_of(ending);
  if (ending.outcome == Outcome::interrupted) throw Interrupted("job " + std::to_string(ending.id.value) + ": " + reason);
  if (ending.outcome == Outcome::cancelled) throw JobCancelled(ending.id.value, outcome, reason);
  throw JobFailed(ending.id.value, ending.error_type.empty() ? outcome : ending.error_type, reason);
}

// 0: the daemon did not say.
std::uint64_t job_of(proto::JsonText parameters) {
  const Result<JobId> id = proto::read_accepted(parameters);
  return id ? id->value : 0;
}

}  // namespace

void raise(const Error& error) {
  switch (error.code) {
    case Errc::timed_out:
      throw TimeoutError(error.text);
    case Errc::interrupted:
      throw Interrupted(error.text);
    case Errc::invalid_argument:
      throw InvalidCall(error.text);
    case Errc::closed:
    case Errc::not_found:
      throw ConnectionLost(error.text);
    default:
      throw ClientError(error.text);
  }
}

void raise_remote(const Reply& reply) {
  using namespace proto::error;
  const std::string text = describe_error(reply).text;
  if (reply.error == kTimedOut) throw TimeoutError(text);
  if (reply.error == kNoSuchJob) throw NoSuchJob(text);
  if (reply.error == kNoSuchPool) throw NoSuchPool(text);
  if (reply.error == kPoolNotRunning) throw PoolNotRunning(text);
  if (reply.error == kPoolStillRunning) throw PoolStillRunning(text);
  if (reply.error == kPoolExists) throw PoolExists(text);
  if (reply.error == kQueueFull) throw QueueFull(text);
  if (reply.error == kStoreFull || reply.error == kQueueStoreFull) throw StoreFull(text);
  if (reply.error == kNamedQueueFull) throw QueueFull(text);
  if (reply.error == kQueueEmpty) throw QueueEmpty(text);
  if (reply.error == kNoSuchQueue) throw NoSuchQueue(text);
  if (reply.error == kQueueExists) throw QueueExists(text);
  if (reply.error == kNoSuchProcess) throw NoSuchProcess(text);
  if (reply.error == kProcessExists) throw ProcessExists(text);
  if (reply.error == kDoneTooOften) throw DoneTooOften(text);
  if (reply.error == kKeyConflict) throw KeyConflict(job_of(reply.parameters), text);
  if (reply.error == kNoSuchDependency) throw NoSuchDependency(text);
  if (reply.error == kNotEnded) throw NotEnded(text);
  if (reply.error == kNotRetryable) throw NotRetryable(text);
  if (reply.error == kNotReady) throw NotReady(text);
  if (reply.error == kNotRunning) throw NotRunning(text);
  if (reply.error == kInvalidJob || reply.error == kInvalidPool || reply.error == kInvalidParameter) throw InvalidCall(text);
  throw ClientError(text);
}

proto::JsonObject answer_or_raise(Result<Reply>&& answered) {
  Reply reply = value_or_raise(std::move(answered));
  if (!reply.error.empty()) raise_remote(reply);
  return std::move(reply.parameters);
}

proto::JsonObject ask(Connections& connections, std::string_view method, std::string_view parameters, Resend resend, TimePoint deadline,
                      std::vector<int> fds) {
  RecoveringCall call(connections, proto::write_call(method, parameters), resend, std::move(fds));
  return answer_or_raise(call.finish(deadline));
}

proto::JsonObject ask(Connections& connections, Message&& message, Resend resend, std::vector<int> fds) {
  RecoveringCall call(connections, std::move(message), resend, std::move(fds));
  return answer_or_raise(call.finish(kNever));
}

void raise_unless_succeeded(const proto::Ending& ending) {
  if (ending.outcome != Outcome::succeeded) raise_ending(ending);
}

void raise_unless_ran(const proto::Ending& ending) {
  if (ending.exit_code || ending.signal || ending.outcome == Outcome::timed_out) {
    if (ending.outcome != Outcome::cancelled && ending.outcome != Outcome::interrupted) return;
  }
  raise_unless_succeeded(ending);
}

}  // namespace jobpool::client
