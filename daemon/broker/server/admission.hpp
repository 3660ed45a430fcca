// Who may connect, and how often: decided once per connection, from the kernel's word on the peer. Knows no Asio.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <unordered_map>

#include "common/result.hpp"
#include "daemon/broker/rpc/call.hpp"

namespace jobpool::broker {

// `socket` is the peer's connection.
using AdmissionPolicy = std::function<bool(const Peer& peer, int socket)>;

// The usual policy: the account the broker runs as, root, and, where there is one, the members of a group.
AdmissionPolicy admit_only(uid_t owner, std::optional<gid_t> access_group = {});

// By the groups that it had when it connected: SO_PEERGROUPS beside the peer's own. Where these cannot be read: no.
bool is_member(const Peer& peer, int socket, gid_t group);

// SO_PEERCRED. Errors: io.
Result<Peer> peer_of(int socket);

// How many connections each uid has.
class ConnectionCounts {
 public:
  ConnectionCounts(std::size_t per_uid, std::size_t total) : per_uid_(per_uid), total_(total) {}
  bool add(uid_t uid);  // false: it would be over a limit, nothing was counted
  void remove(uid_t uid);

 private:
  const std::size_t per_uid_, total_;
  std::size_t all_ = 0;
  std::unordered_map<uid_t, std::size_t> of_uid_;
};

}  // namespace jobpool::broker
