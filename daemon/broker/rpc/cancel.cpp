// Cancel: stop jobs for good, and answer when each has its outcome.
#include <memory>
#include <utility>
#include <vector>

#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {
namespace {

struct Cancelling {
  std::shared_ptr<Call> call;
  std::vector<JobId> cancelled;
  std::size_t open = 1;  // jobs without an outcome, and one for the loop that asks
};

void settle(Cancelling& cancelling) {
  if (--cancelling.open == 0) cancelling.call->reply(proto::write_ids("cancelled", cancelling.cancelled));
}

}  // namespace

void Verbs::cancel(CallPtr call) {
  const auto request = proto::read_cancel(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  engine_.look_for_starts(request->ids);
  for (const JobId id : request->ids)
    if (engine_.core().find(id) == nullptr) return job_error(*call, proto::error::kNoSuchJob, id);

  auto cancelling = std::make_shared<Cancelling>();
  cancelling->call = std::move(call);
  for (const JobId id : request->ids) {
    const Job* job = engine_.core().find(id);
    if (job == nullptr || job->state == JobState::done) continue;
    ++cancelling->open;
    waiters_.add(id, [cancelling](const Job& ended) {
      if (ended.outcome == Outcome::cancelled) cancelling->cancelled.push_back(ended.id);
      settle(*cancelling);
    });
    engine_.tell(Cancel{id, request->now ? Cancel::Haste::now : Cancel::Haste::grace, "somebody cancelled it"});
  }
  settle(*cancelling);
}

}  // namespace jobpool::broker
