// Kill: a signal to a running command. A function takes only SIGKILL, which costs its worker.
#include <csignal>

#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::too_many_signals(Call& call, const Job& job) const {
  queue_full(call, engine_.core().pools().at(job.pool).record.settings.name, Dispatcher::kMostUnreadSignals,
             "job " + std::to_string(job.id.value) + " has not been delivered the signals before this one");
}

void Verbs::kill(const CallPtr& call) {
  const auto request = proto::read_kill(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  const Job* job = job_or_error(*call, request->id);
  if (job == nullptr) return;
  if (job->state == JobState::done) return job_error(*call, proto::error::kNotRunning, job->id, "it has ended");
  if (job->state != JobState::running)
    return job_error(*call, proto::error::kNotRunning, job->id,
                     "it is " + std::string{to_string(job->state)} + "; to end it before it starts, cancel it");
  if (job->kind == shm::JobKind::command) {
    if (!engine_.signal_job(*job, request->signal)) return too_many_signals(*call, *job);
  } else if (request->signal == SIGKILL) {
    engine_.tell(KillFunction{job->id});
  } else {
    return job_error(*call, proto::error::kNotRunning, job->id, "it is a function, which takes signal 9 only; or cancel it");
  }
  call->reply({});
}

}  // namespace jobpool::broker
