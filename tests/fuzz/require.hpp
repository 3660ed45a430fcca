// What a fuzzer demands. Aborting is how libFuzzer learns of a finding.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace jobpool::fuzz {

inline void require(bool holds, std::string_view otherwise) {
  if (holds) return;
  std::fprintf(stderr, "%.*s\n", static_cast<int>(otherwise.size()), otherwise.data());
  std::abort();
}

}  // namespace jobpool::fuzz
