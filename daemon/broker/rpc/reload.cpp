// Reload: the daemon's programs are replaced by those on disk now, while jobs go on.
#include <utility>

#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::reload(const CallPtr& call) {
  const auto request = proto::read_reload(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  if (request->wait) {
    reloaders_.push_back(call);
    call->on_hangup = [this, gone = call.get()] { std::erase_if(reloaders_, [gone](const CallPtr& one) { return one.get() == gone; }); };
    return surroundings_.reload();
  }
  // The supervisor ends this broker: only when the caller has its answer.
  call->reply({}, {}, [this] { surroundings_.reload(); });
}

void Verbs::on_reload_refused() {
  for (const CallPtr& call : std::exchange(reloaders_, {}))
    call->error(proto::error::kReloadRefused, proto::one_field("reason", "the daemon goes on as before, and its log says why"));
}

}  // namespace jobpool::broker
