// Apply: run a job and answer with its end. The connection's end cancels it, unless somebody counts on it who does not
// wait: a caller who asked to detach, or one of ApplyAsync with the same key.
#include <memory>

#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::apply(const CallPtr& call) { submit(call, Mode::apply); }

void Verbs::attach(const CallPtr& call, const Job& job) {
  // Not told at once: the caller would be woken, beside the worker that is to begin, for what it needs only when it is interrupted.
  if (call->envelope.more) call->reply_unhurried(proto::write_accepted(job.id));
  if (job.settled) return answer_applied(call, job);
  const WaiterId waiter = appliers_.add(job.id, [this, call, id = job.id](const Job* ended) {
    if (ended == nullptr) return job_error(*call, proto::error::kNoSuchJob, id);
    answer_applied(call, *ended);
  });
  call->on_hangup = [this, id = job.id, waiter] {
    appliers_.remove(id, waiter);
    cancel_if_unwanted(id);
  };
}

}  // namespace jobpool::broker
