// JobFlags as the number in the store's column `flags`: part of the file's format.
#pragma once

#include "daemon/broker/core/terms.hpp"

namespace jobpool::broker {

inline constexpr int kFlagBits = 15;  // all that are known

constexpr int bits_of(JobFlags flags) {
  return (flags.detach ? 1 : 0) | (flags.has_descriptors ? 2 : 0) | (flags.durable ? 4 : 0) | (flags.batch ? 8 : 0);
}
constexpr JobFlags flags_from(int bits) {
  return {.detach = (bits & 1) != 0, .has_descriptors = (bits & 2) != 0, .durable = (bits & 4) != 0, .batch = (bits & 8) != 0};
}

}  // namespace jobpool::broker
