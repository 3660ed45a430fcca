// beanstalkd over its own protocol, on a Unix socket: a queue server, whose workers are its clients.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tests/bench/peers/consumers.hpp"
#include "tests/bench/peers/peer_server.hpp"

namespace jobpool::bench {

class Beanstalkd {
 public:
  enum class Log { none, fsync };  // fsync: its log is on disk before it answers a put

  // Null, with a note: it is not installed. `folder`: for its socket and log. With consumers, each reserves and deletes for ever.
  static std::unique_ptr<Beanstalkd> start(const std::string& folder, Log log, int consumers);
  Beanstalkd(const std::string& program, const std::string& folder, Log log, int consumers);

  // put, reserve, delete, each answered before the next. Requires: no consumers.
  void cycle();
  // So many puts, `depth` to a write, until the consumers have deleted the last. Requires: consumers.
  void run(long jobs, long depth);
  // So many puts, to stay. Requires: no consumers.
  void fill(long jobs);

  pid_t pid() const { return server_.pid(); }

 private:
  void put_all(long jobs, long depth);

  PeerServer server_;
  std::optional<Consumers> consumers_;
  PeerConnection connection_;
};

}  // namespace jobpool::bench
