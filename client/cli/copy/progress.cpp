// Numbers and sentences. See progress.hpp.
#include "client/cli/copy/progress.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace jobpool::cli {
namespace {

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 160> text{};
  const int size = std::snprintf(text.data(), text.size(), format, values...);
  return {text.data(), std::min(static_cast<std::size_t>(std::max(size, 0)), text.size() - 1)};
}

double weight_of(const CopyAmount& amount) {
  return static_cast<double>(amount.bytes) + static_cast<double>(amount.files) * static_cast<double>(kBytesOfFile);
}

std::string rate_text(std::uint64_t bytes, double seconds) {
  const double rate = seconds > 0 ? static_cast<double>(bytes) / seconds : 0;
  return bytes_text(static_cast<std::uint64_t>(rate)) + "/s";
}

std::string files_text(std::uint64_t files, Language language) {
  const std::string count = std::to_string(files);
  if (language == Language::chinese) return count + " 个文件";
  return count + (files == 1 ? " file" : " files");
}

// "20000 files, 78.1 MiB in 0.61 s, 128.0 MiB/s"
std::string amount_text(const CopySummary& summary, Language language) {
  const std::string rate = rate_text(summary.copied.bytes, summary.seconds), bytes = bytes_text(summary.copied.bytes);
  std::string text = files_text(summary.copied.files, language) + ", " + bytes + ", " + formatted("%.2f s", summary.seconds) + ", " + rate;
  if (summary.skipped.files > 0)
    text += (language == Language::chinese ? "; 已存在而跳过 " : "; were there already: ") + files_text(summary.skipped.files, language);
  return text;
}

}  // namespace

double percent_done(const CopyProgress& progress) {
  const double whole = weight_of(progress.found);
  if (whole <= 0) return progress.all_found ? 100 : 0;
  const double percent = std::min(100.0, 100 * weight_of(progress.done) / whole);
  const bool is_all = progress.done.files >= progress.found.files && progress.all_found;
  return is_all ? 100 : std::min(percent, 99.99);
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 6> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; value >= 1023.95 && unit + 1 < kUnits.size(); ++unit) value /= 1024;  // else "1024.0 KiB"
  return formatted("%.1f %s", value, kUnits.at(unit));
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<long long>(std::min(std::ceil(std::max(seconds, 0.0)), 359'999.0));  // 99:59:59
  if (whole < 3600) return formatted("%lld:%02lld", whole / 60, whole % 60);
  return formatted("%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string progress_text(const CopyProgress& progress, Language language) {
  const bool chinese = language == Language::chinese;
  if (!progress.all_found)
    return (chinese ? "正在查找: " : "looking: ") + files_text(progress.found.files, language) + ", " + bytes_text(progress.found.bytes);
  const double percent = percent_done(progress);
  std::string text = formatted(chinese ? "当前的进度 %.2f %%" : "copied %.2f %%", percent);
  text += "  " + rate_text(progress.done.bytes, progress.seconds);
  if (percent > 0 && percent < 100) text += (chinese ? "  剩余 " : "  ETA ") + clock_text(progress.seconds * (100 - percent) / percent);
  return text;
}

std::string complete_text(const CopySummary& summary, Language language) {
  return (language == Language::chinese ? "拷贝完成: " : "copy complete: ") + amount_text(summary, language);
}

std::string ended_text(const CopySummary& summary, Language language) {
  const bool chinese = language == Language::chinese;
  const std::string failed = std::to_string(summary.failed);
  return (chinese ? "拷贝结束, " + failed + " 个未能完好拷贝: " : "copy ended, " + failed + " not copied well: ") +
         amount_text(summary, language);
}

std::string interrupted_text(const CopyProgress& progress, Language language) {
  const std::string done = std::to_string(progress.done.files), found = files_text(progress.found.files, language);
  if (language == Language::chinese) return "拷贝已中断: " + found + "中的 " + done + " 个已完成; 再次运行同一命令即可继续";
  return "copy interrupted: " + done + " of " + found + (progress.all_found ? "" : " found so far") +
         " are done; the same command goes on from here";
}

std::string prompt_text(Language language) {
  return language == Language::chinese ? "输入你要拷贝的文件名称：" : "What to copy (a folder or a file): ";
}

}  // namespace jobpool::cli
