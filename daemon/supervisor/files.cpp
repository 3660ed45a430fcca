// Plain POSIX file operations with errors as values.
#include "daemon/supervisor/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

namespace jobpool::supervisor {
namespace {

constexpr std::size_t kPieceBytes = 4096;  // /proc hands out a page at a time

Result<void> make_with_parents(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT || !path.has_parent_path() || path.parent_path() == path) return errno_error("directory " + path.string());
  auto above = make_with_parents(path.parent_path());
  if (!above) return above;
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return errno_error("directory " + path.string());
}

}  // namespace

Result<UniqueFd> make_directory(const std::string& path) {
  auto made = make_with_parents(path);
  if (!made) return made.error();
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return errno_error("directory " + path);
  return directory;
}

Result<std::string> read_file_at(int directory, const std::string& name, std::size_t limit) {
  const UniqueFd file(::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW));
  if (!file) return errno_error(name);
  std::string bytes;
  std::size_t size = 0;
  while (size < limit) {
    bytes.resize(std::min(limit, size + kPieceBytes));
    const ssize_t count = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error(name);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  bytes.resize(size);
  return bytes;
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("write");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace jobpool::supervisor
