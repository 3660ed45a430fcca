// See file_tree.hpp. Plain system calls: std::filesystem knows no nanoseconds, no extended attributes and no names that are no text.
#include "tests/support/file_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "common/unique_fd.hpp"
#include "tests/support/catch.hpp"

namespace jobpool::testing {
namespace {

constexpr uid_t kNobody = 65534;

std::string contents_of(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  INFO(path);
  REQUIRE(file);
  std::vector<char> bytes(1 << 20);
  std::size_t hash = 0, count = 0;
  for (ssize_t size; (size = ::read(file.get(), bytes.data(), bytes.size())) > 0; ++count)
    hash = hash * 31 + std::hash<std::string_view>{}({bytes.data(), static_cast<std::size_t>(size)}) + count;
  return " contents " + std::to_string(hash);
}

std::string attributes_of(const std::string& path) {
  std::vector<char> names(65536), value(65536);
  const ssize_t size = ::llistxattr(path.c_str(), names.data(), names.size());
  std::map<std::string, std::string> all;
  for (ssize_t at = 0; at < size; at += static_cast<ssize_t>(std::strlen(names.data() + at)) + 1) {
    const char* name = names.data() + at;
    const ssize_t length = ::lgetxattr(path.c_str(), name, value.data(), value.size());
    all[name] = std::string(value.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  }
  std::string text;
  for (const auto& [name, bytes] : all) text += " " + name + "=" + bytes;
  return text;
}

std::string description(const std::string& path, const struct stat& status) {
  std::string text = "mode " + std::to_string(status.st_mode) + " owner " + std::to_string(status.st_uid) + ":" +
                     std::to_string(status.st_gid) + " time " + std::to_string(status.st_mtim.tv_sec) + "." +
                     std::to_string(status.st_mtim.tv_nsec);
  if (S_ISREG(status.st_mode)) text += " length " + std::to_string(status.st_size) + contents_of(path);
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) text += " device " + std::to_string(status.st_rdev);
  if (S_ISLNK(status.st_mode)) {
    std::vector<char> link(4096);
    text += " to " +
            std::string(link.data(), static_cast<std::size_t>(std::max<ssize_t>(::readlink(path.c_str(), link.data(), link.size()), 0)));
  }
  return text + attributes_of(path);
}

void add_names(const std::string& root, const std::string& path, std::map<std::string, std::string>& names,
               std::map<std::pair<dev_t, ino_t>, std::vector<std::string>>& links) {
  const std::string full = path.empty() ? root : root + "/" + path;
  struct stat status {};
  INFO(full);
  REQUIRE(::lstat(full.c_str(), &status) == 0);
  names[path] = description(full, status);
  if (!S_ISDIR(status.st_mode) && status.st_nlink > 1) links[{status.st_dev, status.st_ino}].push_back(path);
  if (!S_ISDIR(status.st_mode)) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(full.c_str()), &::closedir);
  REQUIRE(stream);
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") add_names(root, path.empty() ? name : path + "/" + name, names, links);
  }
}

}  // namespace

std::map<std::string, std::string> tree_of(const std::string& folder) {
  std::map<std::string, std::string> names;
  std::map<std::pair<dev_t, ino_t>, std::vector<std::string>> links;
  add_names(folder, "", names, links);
  for (auto& [inode, paths] : links) {
    std::string first = paths.front();
    for (const std::string& path : paths) first = std::min(first, path);
    for (const std::string& path : paths) names[path] += " linked to " + first;
  }
  return names;
}

std::string difference_of_trees(const std::string& source, const std::string& copy) {
  const auto wanted = tree_of(source);
  auto got = tree_of(copy);
  std::string text;
  for (const auto& [path, is] : wanted) {
    const auto found = got.find(path);
    struct stat status {};
    const bool is_socket = ::lstat((source + "/" + path).c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
    if (found == got.end()) {
      if (!is_socket) text += "missing: " + path + "\n";
      continue;
    }
    if (is_socket || found->second != is) text += path + "\n  " + is + "\n  " + found->second + "\n";
    got.erase(found);
  }
  for (const auto& [path, is] : got) text += "not in the source: " + path + "\n";
  return text;
}

std::int64_t occupied_bytes(const std::string& file) {
  struct stat status {};
  REQUIRE(::lstat(file.c_str(), &status) == 0);
  return status.st_blocks * 512;
}

void write_file(const std::string& path, const std::string& text, mode_t mode) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  INFO(path);
  REQUIRE(file);
  REQUIRE(::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  REQUIRE(::fchmod(file.get(), mode) == 0);
}

std::string read_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  INFO(path);
  REQUIRE(file);
  std::string text;
  std::vector<char> bytes(65536);
  for (ssize_t size; (size = ::read(file.get(), bytes.data(), bytes.size())) > 0;)
    text.append(bytes.data(), static_cast<std::size_t>(size));
  return text;
}

AsNobody::AsNobody() {
  if (::geteuid() != 0) return;
  REQUIRE(::setegid(kNobody) == 0);
  REQUIRE(::seteuid(kNobody) == 0);
}

AsNobody::~AsNobody() {
  if (::getuid() != 0) return;
  (void)!::seteuid(0);
  (void)!::setegid(0);
}

}  // namespace jobpool::testing
