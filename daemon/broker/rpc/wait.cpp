// Wait: until all of several jobs have ended. Waits for one after the other: the last to end decides anyway.
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {
namespace {

// One call of Wait, alive in the callbacks that lead to its answer.
struct Waiting {
  std::shared_ptr<Call> call;
  std::vector<JobId> ids;
  std::size_t next = 0;  // all before it have ended
  std::optional<WaiterId> waiter;
  std::optional<Deadlines::Key> deadline;
};

}  // namespace

void Verbs::wait(const CallPtr& call) {
  auto request = proto::read_wait(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  if (call->envelope.oneway) return call->reply({});  // nobody would be told
  for (const JobId id : request->ids)
    if (engine_.core().find(id) == nullptr && !is_lost(id)) return job_error(*call, proto::error::kNoSuchJob, id);

  auto waiting = std::make_shared<Waiting>(Waiting{call, std::move(request->ids), 0, {}, {}});
  const auto leave = [this, waiting] {
    if (waiting->deadline) deadlines_.remove(*waiting->deadline);
    if (waiting->waiter) waiters_.remove(waiting->ids[waiting->next], *waiting->waiter);
  };
  // Passed on to itself by value: each waiter holds the step that follows it.
  const auto step = [this, waiting, leave](const auto& self) -> void {
    for (; waiting->next < waiting->ids.size(); ++waiting->next) {
      const Job* job = engine_.core().find(waiting->ids[waiting->next]);
      if (job == nullptr || job->settled) continue;
      waiting->waiter = waiters_.add(job->id, [waiting, leave, self](const Job* ended) {
        waiting->waiter.reset();
        if (ended != nullptr) return self(self);
        leave();
        waiting->call->on_hangup = {};
        job_error(*waiting->call, proto::error::kNoSuchJob, waiting->ids[waiting->next]);
      });
      return;
    }
    if (waiting->deadline) deadlines_.remove(*waiting->deadline);
    waiting->call->on_hangup = {};
    waiting->call->reply({});
  };
  if (request->timeout)
    waiting->deadline = deadlines_.add(Clock::now() + *request->timeout, [waiting, leave] {
      leave();
      waiting->call->on_hangup = {};  // it holds `waiting`, which holds the call
      job_error(*waiting->call, proto::error::kTimedOut, waiting->ids[waiting->next]);
    });
  call->on_hangup = leave;
  step(step);
}

}  // namespace jobpool::broker
