// Looking up both sides. See place.hpp.
#include "client/cli/copy/place.hpp"

#include <fcntl.h>
#include <stdlib.h>

#include <memory>
#include <string_view>

#include "client/cli/copy/unfinished.hpp"
#include "client/cli/tell.hpp"
#include "common/copy/open_beneath.hpp"

namespace jobpool::cli {
namespace {

constexpr std::string_view kCopyMark = "[复件]";
constexpr mode_t kOwnFolder = 0700;  // until it has the source's mode

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

struct SplitPath {
  std::string folder, name;
};
SplitPath split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

Result<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (!real) return errno_error(printable(path));
  return std::string(real.get());
}

Result<UniqueFd> open_folder(const std::string& path) {
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return errno_error(printable(path));
  return folder;
}

// Opens the folder and says where it really is.
Result<void> enter(const std::string& path, std::string& real, UniqueFd& root) {
  auto found = real_path(path);
  if (!found) return found.error();
  auto opened = open_folder(*found);
  if (!opened) return opened.error();
  real = std::move(*found);
  root = std::move(*opened);
  return {};
}

Error already_there(const CopyPlaces& places, std::string_view why) {
  return Error{Errc::already_exists, printable(places.shown_target) + ": " + std::string(why)};
}

Result<void> find_source(const std::string& source, CopyPlaces& places) {
  struct stat status {};
  if (::lstat(source.c_str(), &status) != 0) return errno_error(printable(source));
  if (S_ISDIR(status.st_mode)) return enter(source, places.source, places.source_root);
  const SplitPath parts = split(source);
  places.source_name = parts.name;
  return enter(parts.folder, places.source, places.source_root);
}

// Neither may lie in the other: the copy would be copied, or the source overwritten.
Result<void> check_apart(const CopyPlaces& places, int target_folder) {
  struct stat source {
  }, target{};
  if (::fstat(places.source_root.get(), &source) != 0 || ::fstat(target_folder, &target) != 0) return errno_error("fstat");
  if (copy::is_beneath(target_folder, source))
    return Error{Errc::invalid_argument, printable(places.shown_target) + " lies in " + printable(places.shown_source) +
                                             ": the copy would become part of what is copied; name another place"};
  if (places.target_root && copy::is_beneath(places.source_root.get(), target))
    return Error{Errc::invalid_argument, printable(places.shown_source) + " lies in " + printable(places.shown_target) +
                                             ": copying there would change what is copied; name another place"};
  return {};
}

Result<void> find_target_of_file(CopyPlaces& places, const SplitPath& parts, IfThere if_there) {
  places.target_name = parts.name;
  if (auto entered = enter(parts.folder, places.target, places.target_root); !entered) return entered;
  struct stat there {
  }, source{};
  if (::fstatat(places.target_root.get(), parts.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? Result<void>{} : errno_error(printable(places.shown_target));
  if (S_ISDIR(there.st_mode)) return already_there(places, "is a folder; name the file that is to be made in it");
  if (::fstatat(places.source_root.get(), places.source_name.c_str(), &source, AT_SYMLINK_NOFOLLOW) == 0 &&
      copy::is_same_file(there, source))
    return already_there(places, "is the same file");
  if (if_there == IfThere::refuse) return already_there(places, "is there already; --merge replaces it where it differs");
  return {};
}

Result<void> find_target_of_folder(CopyPlaces& places, const SplitPath& parts, IfThere if_there) {
  struct stat there {};
  if (::stat(places.shown_target.c_str(), &there) != 0) {
    if (errno != ENOENT) return errno_error(printable(places.shown_target));
    if (::lstat(places.shown_target.c_str(), &there) == 0) return already_there(places, "is a symbolic link that leads nowhere");
    auto parent = open_folder(parts.folder);
    if (!parent) return parent.error();
    places.target_is_new = true;
    return check_apart(places, parent->get());
  }
  if (!S_ISDIR(there.st_mode)) return already_there(places, "is there already, and is no folder");
  if (auto entered = enter(places.shown_target, places.target, places.target_root); !entered) return entered;
  if (auto apart = check_apart(places, places.target_root.get()); !apart) return apart;
  if (if_there == IfThere::refuse && !is_unfinished(places.target_root.get()))
    return already_there(places, "is there already; --merge copies into it what it has not");
  return {};
}

}  // namespace

Result<std::string> default_target(const std::string& source) {
  const std::string plain = without_slashes(source);
  const std::string name = split(plain).name;
  if (name != "." && name != ".." && !name.empty()) return plain + std::string(kCopyMark);
  auto real = real_path(plain);
  if (!real) return real.error();
  return *real + std::string(kCopyMark);
}

Result<CopyPlaces> find_places(const std::string& source, const std::string& target, IfThere if_there) {
  CopyPlaces places;
  places.shown_source = without_slashes(source);
  places.shown_target = without_slashes(target);
  if (auto found = find_source(source, places); !found) return found.error();
  const SplitPath parts = split(places.shown_target);
  const Result<void> found =
      places.is_single() ? find_target_of_file(places, parts, if_there) : find_target_of_folder(places, parts, if_there);
  if (!found) return found.error();
  return places;
}

Result<void> make_target(CopyPlaces& places) {
  if (!places.target_is_new) return {};
  if (::mkdir(places.shown_target.c_str(), kOwnFolder) != 0) return errno_error("make " + printable(places.shown_target));
  return enter(places.shown_target, places.target, places.target_root);
}

}  // namespace jobpool::cli
