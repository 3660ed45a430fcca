// How a broker dies in the middle of a turn: each reading of its clock, each thing it tells, each batch it hands to the store is a point
// where it may; the fuse counts them. What it has written by then stays written, its memory is unwound and gone.
#pragma once

#include <cstddef>

namespace jobpool::simulation {

// Thrown through the engine. Nobody but the world catches it.
struct BrokerDied {};

class Fuse {
 public:
  void light(std::size_t points) { left_ = points; }
  void put_out() { left_ = 0; }
  // At such a point.
  void burn() {
    if (left_ > 0 && --left_ == 0) throw BrokerDied{};
  }

 private:
  std::size_t left_ = 0;  // 0: it is not lit
};

}  // namespace jobpool::simulation
