// Ready: has it ended? Successful: has it ended well?
#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::ready(const CallPtr& call) {
  const auto id = proto::read_id(call->envelope.parameters);
  if (!id) return invalid_parameter(*call, id.error());
  if (engine_.core().find(*id) == nullptr && is_lost(*id)) return call->reply(proto::write_flag("ready", true));
  if (const Job* job = job_or_error(*call, *id)) call->reply(proto::write_flag("ready", job->settled));
}

void Verbs::successful(const CallPtr& call) {
  const auto id = proto::read_id(call->envelope.parameters);
  if (!id) return invalid_parameter(*call, id.error());
  const Job* job = job_or_error(*call, *id);  // also where it is lost: it may have succeeded, and was removed
  if (job == nullptr) return;
  if (!job->settled) return job_error(*call, proto::error::kNotReady, *id);
  call->reply(proto::write_flag("successful", job->outcome == Outcome::succeeded));
}

}  // namespace jobpool::broker
