// gearmand over its own binary protocol, on a private port of the loopback: a job server, whose workers are its clients. Spoken directly,
// as its library costs a client more than the protocol does.
#pragma once

#include <memory>
#include <string>

#include "tests/bench/peers/consumers.hpp"
#include "tests/bench/peers/peer_server.hpp"

namespace jobpool::bench {

class Gearmand {
 public:
  enum class Queue { memory, sqlite };  // sqlite: a background job is in its database before it is answered

  // Null, with a note: it is not installed. Its workers run an empty function.
  static std::unique_ptr<Gearmand> start(const std::string& folder, Queue queue, int workers);
  Gearmand(const std::string& program, const std::string& folder, Queue queue, int workers);

  // A foreground job: until its result is there.
  void call();
  // So many background jobs, `depth` to a write, until the workers have done the last. Not after calls.
  void run(long jobs, long depth);

  pid_t pid() const { return server_.pid(); }

 private:
  std::uint16_t port_;
  PeerServer server_;
  Consumers workers_;
  PeerConnection connection_;
};

}  // namespace jobpool::bench
