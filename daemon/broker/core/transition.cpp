// The table as code; rows and columns in the order of JobState.
#include "daemon/broker/core/transition.hpp"

namespace jobpool::broker {

bool may_change(JobState from, JobState to) {
  static constexpr bool kMay[4][4] = {
      {false, true, true, true},     // ready
      {true, false, true, true},     // running
      {true, false, false, true},    // waiting
      {false, false, false, false},  // done
  };
  return kMay[static_cast<int>(from)][static_cast<int>(to)];
}

}  // namespace jobpool::broker
