// What the oracle throws when a promise is broken: one sentence for people. The world catches it nowhere; the run ends with it.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <string>
#include <utility>

namespace jobpool::simulation {

struct Violation {
  std::string what;
};

template <class... Args>
void require(bool holds, fmt::format_string<Args...> otherwise, Args&&... args) {
  if (!holds) throw Violation{fmt::vformat(otherwise, fmt::make_format_args(args...))};
}

}  // namespace jobpool::simulation
