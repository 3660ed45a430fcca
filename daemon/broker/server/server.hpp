// The socket side of the broker as one thing: listening, who may connect, sessions, and sending once per turn.
// Made by the broker's main; broker process, its one thread.
#pragma once

#include <asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/broker/server/admission.hpp"
#include "daemon/broker/server/complaints.hpp"
#include "daemon/broker/server/limits.hpp"
#include "daemon/broker/server/refused_peers.hpp"
#include "daemon/broker/server/session_table.hpp"

namespace jobpool::broker {

class Listener;

class Server {
 public:
  // `io` and `handler` must outlive this. No policy given: the account this process runs as, and root.
  Server(asio::io_context& io, CallHandler& handler, AdmissionPolicy may_connect, const Limits& limits = {});
  ~Server();

  // Accepts from a listening, non-blocking Unix stream socket; more than one may be given. Errors: io.
  Result<void> listen(UniqueFd socket);
  // A connection that came another way; non-blocking. Judged as an accepted one.
  void adopt(UniqueFd connection, const Peer& peer);

  void stop_listening();
  // Also closes every connection, telling no handler: the daemon ends, which cancels nothing.
  void close_all();

  // Sends what was answered; once per turn (the turn loop does it).
  void flush() { sessions_.flush(); }
  bool has_unsent() const { return sessions_.has_unsent(); }
  // As CallHandler's.
  bool is_turn_full() const { return sessions_.is_turn_full(); }

  std::size_t connections() const { return sessions_.size(); }

 private:
  void log_too_many(const Peer& peer);
  void log_no_descriptors(const Peer& peer);

  asio::io_context& io_;
  const AdmissionPolicy may_connect_;
  const int end_of_connections_;
  ConnectionCounts counts_;
  RefusedPeers refused_peers_;
  SessionTable sessions_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  Complaints complaints_;  // about those
};

}  // namespace jobpool::broker
