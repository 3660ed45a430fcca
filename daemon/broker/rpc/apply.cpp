// Apply: run a job and answer with its end. The connection's end cancels it, unless the caller asked to detach.
#include <memory>

#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::apply(const CallPtr& call) { submit(call, Mode::apply); }

void Verbs::attach(const CallPtr& call, const Job& job, bool detach) {
  // Not told at once: the caller would be woken, beside the worker that is to begin, for what it needs only when it is interrupted.
  if (call->envelope.more) call->reply_unhurried(proto::write_accepted(job.id));
  if (job.settled) return answer_applied(call, job);
  const WaiterId waiter = appliers_.add(job.id, [this, call, id = job.id](const Job* ended) {
    if (ended == nullptr) return job_error(*call, proto::error::kNoSuchJob, id);
    answer_applied(call, *ended);
  });
  call->on_hangup = [this, id = job.id, waiter, detach] {
    if (appliers_.remove(id, waiter) > 0 || detach) return;
    if (const Job* job = engine_.core().find(id); job != nullptr && !is_wanted(*job))
      engine_.tell(Cancel{id, Cancel::Haste::grace, "its caller went away"});
  };
}

}  // namespace jobpool::broker
