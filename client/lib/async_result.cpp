// AsyncResult: questions about one job; each may be asked again of a broker that was restarted.
#include "jobpool/async_result.hpp"

#include "client/lib/chunk_call.hpp"
#include "client/lib/key.hpp"
#include "client/lib/raise.hpp"
#include "client/lib/submission.hpp"
#include "client/lib/timed_call.hpp"
#include "jobpool/errors.hpp"

namespace jobpool {
namespace {

proto::Ending fetch(client::Connections& connections, JobId id, const AsyncResult::Timeout& timeout, bool output) {
  const auto request = [&](std::optional<Microseconds> left) { return proto::write_get(proto::GetRequest{id, left, output}); };
  return client::value_or_raise(
      proto::read_ending(client::answer_or_raise(client::call_within(connections, "org.jobpool.Job.Get", timeout, request))));
}

bool read_flag(proto::JsonText answer, const char* name) { return client::value_or_raise(proto::read_flag(name, answer)); }

}  // namespace

proto::Ending client::get_ending(Connections& connections, JobId id, std::optional<Microseconds> timeout) {
  return fetch(connections, id, timeout, false);
}

std::string AsyncResult::get_text(Timeout timeout) const {
  proto::Ending ending = fetch(*connections_, JobId{id_}, timeout, false);
  client::raise_unless_succeeded(ending);
  return ending.result ? std::move(*ending.result) : "null";
}

CommandResult AsyncResult::get_command(Timeout timeout) const {
  proto::Ending ending = fetch(*connections_, JobId{id_}, timeout, true);
  client::raise_unless_ran(ending);
  return client::command_result(std::move(ending));
}

bool AsyncResult::wait(Timeout timeout) const {
  const auto request = [this](std::optional<Microseconds> left) { return proto::write_wait(proto::WaitRequest{{JobId{id_}}, left}); };
  const client::Reply reply = client::value_or_raise(client::call_within(*connections_, "org.jobpool.Job.Wait", timeout, request));
  if (reply.error == proto::error::kTimedOut) return false;
  if (!reply.error.empty()) client::raise_remote(reply);
  return true;
}

bool AsyncResult::ready() const {
  return read_flag(client::ask(*connections_, "org.jobpool.Job.Ready", proto::write_id(JobId{id_}), client::Resend::always), "ready");
}

bool AsyncResult::successful() const {
  return read_flag(client::ask(*connections_, "org.jobpool.Job.Successful", proto::write_id(JobId{id_}), client::Resend::always),
                   "successful");
}

bool AsyncResult::cancel() const {
  const std::string request = proto::write_cancel(proto::CancelRequest{{JobId{id_}}, false});
  const proto::JsonObject answer = client::ask(*connections_, "org.jobpool.Job.Cancel", request, client::Resend::always);
  return !client::value_or_raise(proto::read_ids("cancelled", answer)).empty();
}

AsyncResult AsyncResult::retry() const {
  const std::string request = proto::write_retry(proto::RetryRequest{JobId{id_}, client::make_key()});
  const proto::JsonObject answer = client::ask(*connections_, "org.jobpool.Job.Retry", request, client::Resend::same_instance);
  return AsyncResult{connections_, client::value_or_raise(proto::read_accepted(answer)).value};
}

bool AsyncResult::remove() const {
  const std::string request = proto::write_remove(proto::RemoveRequest{{JobId{id_}}});
  const proto::JsonObject answer = client::ask(*connections_, "org.jobpool.Job.Remove", request, client::Resend::always);
  return !client::value_or_raise(proto::read_ids("removed", answer)).empty();
}

void AsyncResult::kill(int signal) const {
  const std::string request = proto::write_kill(proto::KillRequest{JobId{id_}, signal});
  client::ask(*connections_, "org.jobpool.Job.Kill", request, client::Resend::never);
}

}  // namespace jobpool
