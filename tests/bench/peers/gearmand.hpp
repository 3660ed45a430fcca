// gearmand, a job server on a private port of the loopback; its workers are its clients. Who drives it is one of two: GearmanLibrary, which
// is what its users run, or GearmanProtocol.
#pragma once

#include <string>

#include "tests/bench/peers/peer_server.hpp"

namespace jobpool::bench {

class Gearmand {
 public:
  enum class Queue { memory, sqlite };  // sqlite: a background job is in its database before it is answered

  // Where it is installed; empty, with a note: it is not.
  static std::string find_program();
  Gearmand(const std::string& program, const std::string& folder, Queue queue);

  std::uint16_t port() const { return port_; }
  pid_t pid() const { return server_.pid(); }
  UniqueFd connect() const { return server_.connect(); }

 private:
  std::uint16_t port_;
  PeerServer server_;
};

// The function that its workers have, which does nothing, and its payload: as many bytes as a submission of @noop to us has.
inline constexpr char kGearmanFunction[] = "noop";
extern const std::string kGearmanPayload;

}  // namespace jobpool::bench
