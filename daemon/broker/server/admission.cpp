// Integers only: names and groups of a peer are looked up nowhere.
#include "daemon/broker/server/admission.hpp"

#include <sys/socket.h>

namespace jobpool::broker {

AdmissionPolicy admit_only(uid_t owner) {
  return [owner](const Peer& peer) { return peer.uid == owner || peer.uid == 0; };
}

Result<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return errno_error("SO_PEERCRED");
  return Peer{credentials.uid, credentials.gid, credentials.pid};
}

bool ConnectionCounts::add(uid_t uid) {
  if (all_ >= total_) return false;
  std::size_t& count = of_uid_[uid];
  if (count >= per_uid_) return false;
  ++count;
  ++all_;
  return true;
}

void ConnectionCounts::remove(uid_t uid) {
  const auto found = of_uid_.find(uid);
  if (found == of_uid_.end()) return;
  --all_;
  if (--found->second == 0) of_uid_.erase(found);
}

}  // namespace jobpool::broker
