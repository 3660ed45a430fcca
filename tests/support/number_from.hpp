// The size of a long test, from the environment: a short share runs in CI, the whole at night.
#pragma once

#include <cstdlib>

namespace jobpool::testing {

inline int number_from(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

}  // namespace jobpool::testing
