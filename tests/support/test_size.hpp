// How much a long test does: a share in CI, all of it at night. One variable for all of them: JOBPOOL_TEST_SIZE=nightly, or a part of
// that, nightly/10. (Models, simulation and fuzzers have no parts: for them a part is the whole.)
#pragma once

#include <cstdlib>
#include <string_view>

namespace jobpool::testing {

inline int of_size(int usual, int nightly) {
  constexpr std::string_view kNightly = "nightly";
  const char* text = std::getenv("JOBPOOL_TEST_SIZE");
  if (text == nullptr || !std::string_view(text).starts_with(kNightly)) return usual;
  const char* part = text + kNightly.size();
  const int parts = *part == '/' ? std::atoi(part + 1) : 1;
  return parts > 1 ? nightly / parts : nightly;
}

// The same for what a sanitizer makes many times as slow, such as forks and whole histories of a store: there a fifth of `usual`.
inline int heavy_of_size(int usual, int nightly) {
#if defined(JOBPOOL_ASAN) || defined(JOBPOOL_TSAN)
  usual /= 5;
#endif
  return of_size(usual, nightly);
}

}  // namespace jobpool::testing
