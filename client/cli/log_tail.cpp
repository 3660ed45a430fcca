// Reads backwards from the end of a log.
#include "client/cli/log_tail.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "client/cli/tell.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::cli {
namespace {

constexpr std::uint64_t kMaxBytes = 4096;
constexpr int kMaxLines = 10;

}  // namespace

std::uint64_t file_size(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::string log_tail(const std::string& path, std::uint64_t from) {
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return {};
  const std::uint64_t size = file_size(path);
  std::array<char, kMaxBytes> bytes;
  const std::uint64_t start = std::max(from, size - std::min(size, kMaxBytes));
  const ssize_t got = ::pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(start));
  std::string_view text{bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
  while (text.ends_with('\n')) text.remove_suffix(1);

  std::string tail;
  for (int lines = 0; lines < kMaxLines && !text.empty(); ++lines) {
    const std::size_t newline = text.rfind('\n');
    const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    tail.insert(0, printable(text.substr(begin)) + (lines > 0 ? "\n" : ""));
    text = text.substr(0, newline == std::string_view::npos ? 0 : newline);
  }
  return tail;
}

}  // namespace jobpool::cli
