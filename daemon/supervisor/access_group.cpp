// Reads /proc and the group database. See access_group.hpp.
#include "daemon/supervisor/access_group.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <sstream>

#include "daemon/supervisor/files.hpp"

namespace jobpool::supervisor {
namespace {

constexpr std::size_t kMaxMapBytes = 64 * 1024;
constexpr std::uint64_t kAllIds = 4294967295;  // of 32 bits but the last, which stands for none
constexpr id_t kOverflowId = 65534;            // the kernel's, unless somebody has set /proc/sys/kernel/overflowuid

// The uid or gid that stands for those without a number here.
id_t overflow_id(const char* name) {
  const auto text = read_file_at(AT_FDCWD, std::string("/proc/sys/kernel/") + name, 32);
  id_t id = kOverflowId;
  if (text) std::from_chars(text->data(), text->data() + text->size(), id);
  return id;
}

std::string own_map(const char* name) {
  const auto text = read_file_at(AT_FDCWD, std::string("/proc/self/") + name, kMaxMapBytes);
  return text ? *text : std::string();
}

std::optional<gid_t> number_of(const std::string& name) {
  gid_t number = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

}  // namespace

bool is_whole_id_map(std::string_view map) {
  std::istringstream text{std::string(map)};
  std::uint64_t inside = 1, outside = 1, count = 0;
  return text >> inside >> outside >> count && inside == 0 && outside == 0 && count == kAllIds;
}

Result<gid_t> find_access_group(const std::string& name) {
  std::optional<gid_t> found = number_of(name);
  if (!found)
    if (const group* entry = ::getgrnam(name.c_str()); entry != nullptr) found = entry->gr_gid;
  if (!found || *found == static_cast<gid_t>(-1))
    return Error{Errc::not_found, "access_group: there is no group '" + name + "'; make it with addgroup, or name another"};
  if (*found == overflow_id("overflowgid"))
    return Error{
        Errc::invalid_argument,
        "access_group: '" + name + "' is the group that the kernel shows for all that have no number here; name a group made for this"};
  return *found;
}

Result<void> check_account(uid_t account, std::string_view uid_map) {
  if (account != overflow_id("overflowuid") || is_whole_id_map(uid_map)) return {};
  return Error{Errc::unsupported, "this user namespace shows everybody whom it does not know as uid " + std::to_string(account) +
                                      ", which is the daemon's own: run it as another user, or outside of the namespace (PrivateUsers=no)"};
}

Result<void> check_own_account() { return check_account(::geteuid(), own_map("uid_map")); }

std::optional<std::string> hindrance_of(gid_t group, const std::string& socket) {
  struct stat status {};
  if (::stat(socket.c_str(), &status) != 0) return errno_error(socket).text;
  const bool lets_group_in = status.st_gid == group && (status.st_mode & S_IWGRP) != 0;
  if (!lets_group_in && (status.st_mode & S_IWOTH) == 0)
    return "the socket " + socket + " is not theirs: in its unit, SocketGroup=" + std::to_string(group) + " and SocketMode=0660";
  for (std::filesystem::path folder = std::filesystem::path(socket).parent_path();; folder = folder.parent_path()) {
    if (::stat(folder.c_str(), &status) != 0) return errno_error(folder.string()).text;
    const bool lets_pass = (status.st_mode & S_IXOTH) != 0 || (status.st_gid == group && (status.st_mode & S_IXGRP) != 0);
    if (!lets_pass) return "the folder " + folder.string() + " does not let them pass: chgrp and chmod g+x, or another --socket";
    if (folder == folder.parent_path()) return std::nullopt;
  }
}

}  // namespace jobpool::supervisor
