// What happens, a line each, on standard output: only while one schedule is replayed. At other times a line costs a comparison.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <cstdio>
#include <string>

namespace jobpool::simulation {

class Trace {
 public:
  enum class Lines { none, all };
  explicit Trace(Lines lines) : lines_(lines) {}

  // At once, since the next step may be the one that aborts.
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) const {
    if (lines_ == Lines::none) return;
    const std::string text = fmt::vformat(format, fmt::make_format_args(args...));
    std::printf("  %s\n", text.c_str());
    std::fflush(stdout);
  }
  bool is_on() const { return lines_ == Lines::all; }

 private:
  Lines lines_;
};

}  // namespace jobpool::simulation
