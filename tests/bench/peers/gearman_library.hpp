// gearmand driven by its own library, libgearman, with its defaults: client and workers as its users have them, one job submitted and
// answered before the next. What the figures that the targets name were measured with. Built where libgearman-dev is installed
// (gearman_library.cpp); elsewhere there is none (gearman_library_absent.cpp).
#pragma once

#include <memory>
#include <string>

#include "tests/bench/peers/gearmand.hpp"

namespace jobpool::bench {

class GearmanLibrary {
 public:
  // A server of its own. Null, with a note: it, or its library, is not installed. Its workers run an empty function.
  static std::unique_ptr<GearmanLibrary> start(const std::string& folder, Gearmand::Queue queue, int workers);
  virtual ~GearmanLibrary() = default;

  // A foreground job: until its result is there.
  virtual void call() = 0;
  // So many background jobs, each answered before the next, until the workers have done the last. Not after calls.
  virtual void run(long jobs) = 0;
};

}  // namespace jobpool::bench
