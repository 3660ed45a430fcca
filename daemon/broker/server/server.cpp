// Joins listener, admission and sessions.
#include "daemon/broker/server/server.hpp"

#include <unistd.h>

#include <utility>

#include "common/log.hpp"
#include "daemon/broker/server/listener.hpp"

namespace jobpool::broker {

Server::Server(asio::io_context& io, CallHandler& handler, AdmissionPolicy may_connect, const Limits& limits)
    : io_(io),
      may_connect_(may_connect ? std::move(may_connect) : admit_only(::geteuid())),
      end_of_connections_(limits.end_of_connections),
      counts_(limits.connections_per_uid, limits.connections),
      refused_peers_(io, limits.refused_connections),
      sessions_(io, handler, limits, [this](const Peer& peer) { counts_.remove(peer.uid); }) {}

Server::~Server() { close_all(); }

Result<void> Server::listen(UniqueFd socket) {
  auto listener = std::make_shared<Listener>(io_, [this](UniqueFd connection, const Peer& peer) { adopt(std::move(connection), peer); });
  Result<void> started = listener->start(std::move(socket));
  if (started) listeners_.push_back(std::move(listener));
  return started;
}

void Server::adopt(UniqueFd connection, const Peer& peer) {
  if (connection.get() >= end_of_connections_) return log_no_descriptors(peer);
  if (!may_connect_(peer, connection.get())) return refused_peers_.refuse(std::move(connection));
  if (!counts_.add(peer.uid)) return log_too_many(peer);
  sessions_.start(std::move(connection), peer);
}

void Server::stop_listening() {
  for (const auto& listener : listeners_) listener->close();
  listeners_.clear();
}

void Server::close_all() {
  stop_listening();
  refused_peers_.close_all();
  sessions_.close_all();
}

void Server::log_too_many(const Peer& peer) {
  if (!complaints_.is_due(Clock::now())) return;
  log::debug("uid {} has as many connections as it may, closing a new one of pid {}", peer.uid, peer.pid);
}

void Server::log_no_descriptors(const Peer& peer) {
  if (!complaints_.is_due(Clock::now())) return;
  log::warn("as many descriptors are open as may be beside the broker's own, closing a new connection of pid {} (uid {})", peer.pid,
            peer.uid);
}

}  // namespace jobpool::broker
