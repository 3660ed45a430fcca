// List: the jobs that fit, as a stream that waits for a slow reader.
#include <cstdint>
#include <memory>
#include <optional>

#include "daemon/broker/rpc/verbs.hpp"
#include "daemon/broker/rpc/views.hpp"

namespace jobpool::broker {
namespace {

struct Listing {
  JobId next, end;
  std::optional<JobState> state;
  std::optional<std::string> pool;
  std::size_t left;  // this many at most
};

}  // namespace

void Verbs::list(const CallPtr& call) {
  const auto request = proto::read_list(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  if (!call->envelope.more) return call->error(proto::error::kExpectedMore, {});
  if (request->pool && !knows_pool(*request->pool)) return no_such_pool(*call, *request->pool);
  engine_.dispatcher().drain_all();

  auto listing = std::make_shared<Listing>(Listing{JobId{1}, engine_.core().next_id(), request->state, request->pool, SIZE_MAX});
  const auto wants = [this, listing](const Job& job) {
    if (listing->pool && engine_.core().pools().at(job.pool).record.settings.name != *listing->pool) return false;
    return !listing->state || state_of(job) == *listing->state;
  };
  if (request->limit > 0) {
    listing->left = static_cast<std::size_t>(request->limit);
    listing->next = engine_.core().begin_of_last(listing->left, wants);
  }

  // Replies go out while the peer takes them, each job as it is then; the call itself holds the continuation.
  const auto go_on = [this, listing, wants, weak = std::weak_ptr<Call>(call)] {
    const auto call = weak.lock();
    if (!call) return;
    while (listing->left > 0) {
      const Job* job = engine_.core().next_job(listing->next);
      if (job == nullptr || !(job->id < listing->end)) break;
      listing->next = JobId{job->id.value + 1};
      if (!wants(*job)) continue;
      --listing->left;
      if (!call->reply_more(proto::write_job(view_of(*job, WithHistory::no)))) return;  // on_drained goes on from here
    }
    call->on_drained = {};
    call->reply({});
  };
  call->on_drained = go_on;
  go_on();
}

}  // namespace jobpool::broker
