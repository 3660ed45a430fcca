// See progress_bar.hpp.
#include "client/cli/progress_bar.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "client/cli/duration.hpp"
#include "client/cli/tell.hpp"

namespace jobpool::cli {
namespace {

constexpr std::chrono::milliseconds kDrawEvery{100};
constexpr std::size_t kUsualWidth = 80, kBarWidth = 20;

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsualWidth;
}

std::string rate_of(double per_second) {
  std::array<char, 32> text;
  const char* const format = per_second < 10 ? "%.1f/s" : per_second < 10'000 ? "%.0f/s" : "%.0fk/s";
  const int size = std::snprintf(text.data(), text.size(), format, per_second < 10'000 ? per_second : per_second / 1'000);
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

std::string progress_line(std::size_t done, std::size_t failed, std::optional<std::size_t> total, Microseconds since, std::size_t width) {
  std::string line;
  const double seconds = std::max(static_cast<double>(since.count()) / 1e6, 1e-6);
  const double rate = static_cast<double>(done) / seconds;
  if (total && *total > 0) {
    const std::size_t share = std::min(done * 100 / *total, std::size_t{100}), filled = share * kBarWidth / 100;
    line = std::to_string(share) + "% [" + std::string(filled, '#') + std::string(kBarWidth - filled, ' ') + "] ";
  }
  line += std::to_string(done);
  if (total) line += "/" + std::to_string(*total);
  line += "  " + rate_of(rate);
  if (total && done > 0 && done < *total)
    line += "  ETA " + show_duration(Microseconds{static_cast<std::int64_t>(static_cast<double>(*total - done) / rate * 1e6)});
  if (failed > 0) line += "  " + std::to_string(failed) + " failed";
  return line.substr(0, width > 0 ? width - 1 : 0);  // the last column would begin another line
}

ProgressBar::ProgressBar(Wanted wanted) : is_shown_(wanted == Wanted::yes && ::isatty(STDERR_FILENO) == 1) {}

void ProgressBar::show(std::size_t done, std::size_t failed) {
  if (!is_shown_) return;
  const TimePoint now = Clock::now();
  if (now - drawn_ < kDrawEvery && (!total_ || done < *total_)) return;
  drawn_ = now;
  const auto since = std::chrono::duration_cast<Microseconds>(now - begin_);
  (void)write_all(STDERR_FILENO, "\r" + progress_line(done, failed, total_, since, terminal_width()) + "\x1b[K");
  is_on_screen_ = true;
}

void ProgressBar::clear() {
  if (!std::exchange(is_on_screen_, false)) return;
  (void)write_all(STDERR_FILENO, "\r\x1b[K");
}

}  // namespace jobpool::cli
