// Pool.Join: waits until the workers of a closed or terminated pool have left.
#include <memory>
#include <optional>

#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {
namespace {

std::string how_to_join(const std::string& pool) {
  return "it takes jobs, so that its workers never leave; close it first with: jobpool close " + pool +
         " (or stop its jobs too with: jobpool terminate " + pool + ")";
}

}  // namespace

void Verbs::join_pool(const CallPtr& call) {
  const auto request = proto::read_join_pool(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  if (call->envelope.oneway) return call->reply({});  // nobody would be told
  const CorePool* pool = pool_or_error(*call, request->pool);
  if (pool == nullptr) return;
  if (pool->record.state == PoolState::running)
    return pool_error(*call, proto::error::kPoolStillRunning, request->pool, how_to_join(request->pool));
  if (pool->has_left()) return call->reply(proto::write_flag("joined", true));

  auto deadline = std::make_shared<std::optional<Deadlines::Key>>();
  const PoolNumber number = pool->record.number;
  const auto stop_clock = [this, deadline] {
    if (*deadline) deadlines_.remove(**deadline);
  };
  const Joiners::Key key = joiners_.add(number, [call, stop_clock, name = request->pool](Joiners::News news) {
    stop_clock();
    if (news == Joiners::News::left) return call->reply(proto::write_flag("joined", true));
    pool_error(*call, proto::error::kPoolStillRunning, name, how_to_join(name));
  });
  const auto leave = [this, number, key, stop_clock] {
    stop_clock();
    joiners_.remove(number, key);
  };
  call->on_hangup = leave;
  if (request->timeout)
    *deadline = deadlines_.add(Clock::now() + *request->timeout, [call, leave] {
      leave();
      call->reply(proto::write_flag("joined", false));
    });
}

}  // namespace jobpool::broker
