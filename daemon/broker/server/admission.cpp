// Integers only: names and groups of a peer are looked up nowhere.
#include "daemon/broker/server/admission.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <vector>

namespace jobpool::broker {

namespace {

// What the kernel shows for users who have no number in our user namespace, whoever they are.
constexpr uid_t kNobodyWeKnow = 65534;

// No kernel has more groups for a process.
constexpr std::size_t kMostGroups = 65536;

}  // namespace

AdmissionPolicy admit_only(uid_t owner, std::optional<gid_t> access_group) {
  return [owner, access_group](const Peer& peer, int socket) {
    if (peer.uid == owner || peer.uid == 0) return true;
    return access_group && peer.uid != kNobodyWeKnow && is_member(peer, socket, *access_group);
  };
}

bool is_member(const Peer& peer, int socket, gid_t group) {
  if (peer.gid == group) return true;
  std::array<gid_t, 64> usual;  // enough for nearly all
  socklen_t size = sizeof usual;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, usual.data(), &size) == 0)
    return std::find(usual.begin(), usual.begin() + size / sizeof(gid_t), group) != usual.begin() + size / sizeof(gid_t);
  if (errno != ERANGE) return false;
  std::vector<gid_t> groups(kMostGroups);
  size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) return false;
  groups.resize(size / sizeof(gid_t));
  return std::find(groups.begin(), groups.end(), group) != groups.end();
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
