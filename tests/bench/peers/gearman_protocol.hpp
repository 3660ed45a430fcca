// gearmand driven by its own binary protocol, without its library, whose client costs more than the protocol does, and with many
// submissions to a write. Its users do not run it so: it tells what the server itself could do.
#pragma once

#include <memory>
#include <string>

#include "tests/bench/peers/consumers.hpp"
#include "tests/bench/peers/gearmand.hpp"

namespace jobpool::bench {

class GearmanProtocol {
 public:
  // A server of its own. Null, with a note: it is not installed. Its workers run an empty function.
  static std::unique_ptr<GearmanProtocol> start(const std::string& folder, Gearmand::Queue queue, int workers);
  GearmanProtocol(const std::string& program, const std::string& folder, Gearmand::Queue queue, int workers);

  // A foreground job: until its result is there.
  void call();
  // So many background jobs, `depth` to a write, until the workers have done the last. Not after calls.
  void run(long jobs, long depth);

 private:
  Gearmand server_;
  Consumers workers_;
  PeerConnection connection_;
};

}  // namespace jobpool::bench
