// Get: a job's end, waiting for it as long as the caller likes.
#include <memory>

#include "daemon/broker/rpc/verbs.hpp"
#include "daemon/broker/rpc/views.hpp"

namespace jobpool::broker {

void Verbs::get(const CallPtr& call) {
  const auto request = proto::read_get(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  if (call->envelope.oneway) return call->reply({});  // nobody would be told
  if (engine_.core().find(request->id) == nullptr && is_lost(request->id))
    return call->reply(proto::write_ending(lost_ending(request->id)));
  const Job* job = job_or_error(*call, request->id);
  if (job == nullptr) return;
  const WithOutput with_output = request->output ? WithOutput::yes : WithOutput::no;
  if (job->settled) return answer_ending(call, *job, with_output);

  auto deadline = std::make_shared<Deadlines::Key>();
  const WaiterId waiter = waiters_.add(job->id, [this, call, id = job->id, deadline, with_output](const Job* ended) {
    deadlines_.remove(*deadline);
    if (ended == nullptr) return job_error(*call, proto::error::kNoSuchJob, id);
    answer_ending(call, *ended, with_output);
  });
  const auto leave = [this, id = job->id, waiter, deadline] {
    deadlines_.remove(*deadline);
    waiters_.remove(id, waiter);
  };
  call->on_hangup = leave;
  if (request->timeout)
    *deadline = deadlines_.add(Clock::now() + *request->timeout, [call, leave, id = job->id] {
      leave();
      job_error(*call, proto::error::kTimedOut, id);
    });
}

}  // namespace jobpool::broker
