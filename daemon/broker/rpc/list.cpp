// List: the jobs that fit, as a stream that waits for a slow reader.
#include <memory>
#include <utility>
#include <vector>

#include "daemon/broker/rpc/verbs.hpp"
#include "daemon/broker/rpc/views.hpp"

namespace jobpool::broker {
namespace {

struct Listing {
  std::vector<JobId> ids;
  std::size_t next = 0;
};

}  // namespace

void Verbs::list(CallPtr call) {
  const auto request = proto::read_list(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  if (!call->envelope.more) return call->error(proto::error::kExpectedMore, {});
  if (request->pool && *request->pool != proto::kDefaultPool)
    return call->error(proto::error::kNoSuchPool, proto::one_field("pool", *request->pool));
  engine_.dispatcher().drain_all();

  auto listing = std::make_shared<Listing>();
  for (const JobId id : engine_.core().job_ids())
    if (!request->state || shown_state(*engine_.core().find(id)) == *request->state) listing->ids.push_back(id);
  if (request->limit > 0 && listing->ids.size() > static_cast<std::size_t>(request->limit))
    listing->ids.erase(listing->ids.begin(), listing->ids.end() - request->limit);

  // Replies go out while the peer takes them; the call itself holds the continuation.
  const auto go_on = [this, listing, weak = std::weak_ptr<Call>(call)] {
    const auto call = weak.lock();
    if (!call) return;
    while (listing->next < listing->ids.size()) {
      const Job* job = engine_.core().find(listing->ids[listing->next++]);
      if (job != nullptr && !call->reply_more(proto::write_job(job_view(*job)))) return;  // on_drained goes on from here
    }
    call->on_drained = {};
    call->reply({});
  };
  call->on_drained = go_on;
  go_on();
}

}  // namespace jobpool::broker
