// --bar: how far a map is, on one line of a terminal's stderr: done, share, rate, time left, failures. Nothing where stderr is no terminal.
// The line is drawn anew at most ten times a second, when something has ended.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "common/clock.hpp"

namespace jobpool::cli {

// Pure: the line's text. `total`: nullopt where nobody knows.
std::string progress_line(std::size_t done, std::size_t failed, std::optional<std::size_t> total, Microseconds since, std::size_t width);

class ProgressBar {
 public:
  enum class Wanted { yes, no };
  explicit ProgressBar(Wanted wanted);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void set_total(std::optional<std::size_t> total) { total_ = total; }
  void show(std::size_t done, std::size_t failed);
  // Makes room for other text on the terminal.
  void clear();

 private:
  const bool is_shown_;
  const TimePoint begin_ = Clock::now();
  std::optional<std::size_t> total_;
  TimePoint drawn_{};
  bool is_on_screen_ = false;
};

}  // namespace jobpool::cli
