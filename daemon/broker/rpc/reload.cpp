// Reload: the daemon's programs are replaced by those on disk now, while jobs go on.
#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::reload(const CallPtr& call) {
  if (const auto read = proto::read_nothing(call->envelope.parameters); !read) return invalid_parameter(*call, read.error());
  // The supervisor ends this broker: only when the caller has its answer.
  call->reply({}, {}, [this] { surroundings_.reload(); });
}

}  // namespace jobpool::broker
