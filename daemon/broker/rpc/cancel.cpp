// Cancel: stop jobs for good, and answer when each has its outcome.
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {
namespace {

struct Cancelling {
  std::shared_ptr<Call> call;
  std::vector<JobId> cancelled;
  std::unordered_map<JobId, WaiterId> open;  // jobs without an outcome
  bool all_asked = false;
};

void answer_if_settled(Cancelling& cancelling) {
  if (cancelling.all_asked && cancelling.open.empty()) cancelling.call->reply(proto::write_ids("cancelled", cancelling.cancelled));
}

}  // namespace

void Verbs::cancel(const CallPtr& call) {
  const auto request = proto::read_cancel(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  engine_.look_for_starts(request->ids);
  for (const JobId id : request->ids)
    if (engine_.core().find(id) == nullptr) return job_error(*call, proto::error::kNoSuchJob, id);

  auto cancelling = std::make_shared<Cancelling>();
  cancelling->call = call;
  // The waiters own it; owned from here too, it and its call would keep each other for ever.
  call->on_hangup = [this, weak = std::weak_ptr<Cancelling>(cancelling)] {
    const auto left = weak.lock();
    if (!left) return;
    const auto open = std::exchange(left->open, {});
    for (const auto& [id, waiter] : open) waiters_.remove(id, waiter);
  };
  for (const JobId id : request->ids) {
    const Job* job = engine_.core().find(id);
    if (job == nullptr || job->settled || cancelling->open.contains(id)) continue;
    cancelling->open[id] = waiters_.add(id, [cancelling, id](const Job* ended) {
      if (ended != nullptr && ended->outcome == Outcome::cancelled) cancelling->cancelled.push_back(id);
      cancelling->open.erase(id);
      answer_if_settled(*cancelling);
    });
    engine_.tell(Cancel{id, request->now ? Cancel::Haste::now : Cancel::Haste::grace, "somebody cancelled it"});
  }
  cancelling->all_asked = true;
  answer_if_settled(*cancelling);
}

}  // namespace jobpool::broker
