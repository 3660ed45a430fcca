// Shutdown: ends the daemon.
#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::shutdown(const CallPtr& call) {
  const auto request = proto::read_shutdown(call->envelope.parameters);
  if (!request) return invalid_parameter(*call, request.error());
  call->reply({});
  surroundings_.shut_down(request->now);
}

}  // namespace jobpool::broker
