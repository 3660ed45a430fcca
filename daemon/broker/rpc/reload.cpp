// Reload: the daemon's programs are replaced by those on disk now, while jobs go on.
#include <algorithm>
#include <vector>

#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::reload(const CallPtr& call) {
  const auto request = proto::read_reload(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  if (request->wait) {
    reloaders_.push_back({++last_reload_, call});
    call->on_hangup = [this, gone = call.get()] {
      std::erase_if(reloaders_, [gone](const Reloader& one) { return one.call.get() == gone; });
    };
    return surroundings_.reload(last_reload_);
  }
  // The supervisor ends this broker: only when the caller has its answer.
  call->reply({}, {}, [this] { surroundings_.reload(++last_reload_); });
}

// They are in the order of their numbers.
void Verbs::on_reload_refused(std::int64_t number) {
  const auto later = std::find_if(reloaders_.begin(), reloaders_.end(), [number](const Reloader& one) { return one.number > number; });
  const std::vector<Reloader> refused(reloaders_.begin(), later);
  reloaders_.erase(reloaders_.begin(), later);
  for (const Reloader& one : refused)
    one.call->error(proto::error::kReloadRefused, proto::one_field("reason", "the daemon goes on as before, and its log says why"));
}

}  // namespace jobpool::broker
