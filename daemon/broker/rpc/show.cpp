// Show: everything known of one job.
#include <utility>

#include "daemon/broker/rpc/verbs.hpp"
#include "daemon/broker/rpc/views.hpp"

namespace jobpool::broker {

void Verbs::show(CallPtr call) {
  const auto id = proto::read_id(call->envelope.parameters);
  if (!id) return invalid_parameter(*call, id.error());
  if (const Job* job = job_or_error(*call, *id)) call->reply(proto::write_job(job_view(*job)));
}

}  // namespace jobpool::broker
