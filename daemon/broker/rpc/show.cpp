// Show: everything known of one job.
#include "daemon/broker/rpc/verbs.hpp"
#include "daemon/broker/rpc/views.hpp"

namespace jobpool::broker {

void Verbs::show(const CallPtr& call) {
  const auto id = proto::read_id(call->envelope.parameters);
  if (!id) return invalid_parameter(*call, id.error());
  const Job* job = job_or_error(*call, *id);
  if (job == nullptr) return;
  proto::Job view = view_of(*job, WithHistory::yes);
  view.attempts = attempts_view(*job);
  call->reply(proto::write_job(view));
}

}  // namespace jobpool::broker
