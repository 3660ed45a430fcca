// What a random test draws from: another seed each time, which the test must tell. JOBPOOL_TEST_SEED draws the same again.
#pragma once

#include <cstdlib>
#include <random>

namespace jobpool::testing {

inline unsigned any_seed() {
  const char* given = std::getenv("JOBPOOL_TEST_SEED");
  return given == nullptr ? std::random_device{}() : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
}

}  // namespace jobpool::testing
