// symlinkat, mknodat, linkat; what is there already is replaced by a rename. See special.hpp.
#include "client/cli/copy/special.hpp"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <functional>
#include <optional>

#include "common/copy/metadata.hpp"
#include "common/copy/open_beneath.hpp"
#include "common/copy/target_names.hpp"

namespace jobpool::cli {
namespace {

using proto::CopyEnd;
using proto::FileEnd;

FileEnd special_failure(const copy::FileError& error) {
  if (error.number == EEXIST) return {CopyEnd::failed, 0, false, copy::kNameIsTaken};
  return {error.is_no_room() ? CopyEnd::no_room : CopyEnd::failed, 0, false, error.text()};
}

std::optional<std::string> link_text(int folder, const std::string& name) {
  std::string text(PATH_MAX, '\0');
  const ssize_t size = ::readlinkat(folder, name.c_str(), text.data(), text.size());
  if (size < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// `make` makes a name in the target's folder, and fails with EEXIST where there is one. So does this, where there was none before.
copy::FileError make_or_replace(const NamePair& names, const char* act, const std::function<int(const char*)>& make) {
  if (make(names.target.c_str()) == 0) return {};
  if (errno != EEXIST || names.fresh) return copy::failed_to(act);
  ::unlinkat(names.target_folder, names.temporary.c_str(), 0);
  if (make(names.temporary.c_str()) != 0) return copy::failed_to(act);
  if (::renameat(names.target_folder, names.temporary.c_str(), names.target_folder, names.target.c_str()) == 0) return {};
  const copy::FileError error = copy::failed_to(act);
  ::unlinkat(names.target_folder, names.temporary.c_str(), 0);
  return error;
}

FileEnd keep_special_metadata(const NamePair& names, const struct stat& status, CopyEnd end) {
  const copy::Kept kept = copy::keep_metadata_at(names.source_folder, names.name, status, names.target_folder, names.target);
  if (kept.error.happened()) return {CopyEnd::failed, 0, kept.attributes_lost, kept.error.text()};
  return {end, 0, kept.attributes_lost, {}};
}

FileEnd make_symlink(const NamePair& names, const struct stat& status) {
  const std::optional<std::string> text = link_text(names.source_folder, names.name);
  if (!text && errno == ENOENT) return {CopyEnd::vanished, 0, false, "it was gone before it could be copied"};
  if (!text) return special_failure(copy::failed_to("read the link"));
  if (!names.fresh && link_text(names.target_folder, names.target) == text) return keep_special_metadata(names, status, CopyEnd::skipped);
  const auto error =
      make_or_replace(names, "make the link", [&](const char* name) { return ::symlinkat(text->c_str(), names.target_folder, name); });
  return error.happened() ? special_failure(error) : keep_special_metadata(names, status, CopyEnd::copied);
}

FileEnd make_node(const NamePair& names, const struct stat& status) {
  struct stat there {};
  const bool is_there = !names.fresh && ::fstatat(names.target_folder, names.target.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
                        (there.st_mode & S_IFMT) == (status.st_mode & S_IFMT) && there.st_rdev == status.st_rdev;
  if (is_there) return keep_special_metadata(names, status, CopyEnd::skipped);
  const mode_t mode = (status.st_mode & S_IFMT) | 0600;
  const auto error = make_or_replace(names, S_ISFIFO(status.st_mode) ? "make the FIFO" : "make the device", [&](const char* name) {
    return ::mknodat(names.target_folder, name, mode, S_ISFIFO(status.st_mode) ? 0 : status.st_rdev);
  });
  return error.happened() ? special_failure(error) : keep_special_metadata(names, status, CopyEnd::copied);
}

}  // namespace

Finished make_special(const NamePair& names, const struct stat& status, std::string path) {
  Finished finished{std::move(path), kind_of(status.st_mode), {}};
  if (finished.kind == EntryKind::socket) {
    finished.passed_over = true;
    finished.end.end = CopyEnd::skipped;
    finished.end.reason = "a socket is not copied: it belongs to the program that listens there";
  } else {
    finished.end = finished.kind == EntryKind::symlink ? make_symlink(names, status) : make_node(names, status);
  }
  return finished;
}

FileEnd make_hard_link(int first_folder, const std::string& first, const NamePair& names) {
  struct stat wanted {
  }, there{};
  if (::fstatat(first_folder, first.c_str(), &wanted, AT_SYMLINK_NOFOLLOW) != 0)
    return {CopyEnd::failed, 0, false, "its other name could not be copied"};
  if (!names.fresh && ::fstatat(names.target_folder, names.target.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
      copy::is_same_file(wanted, there))
    return {CopyEnd::skipped, 0, false, {}};
  const auto error = make_or_replace(names, "make the hard link",
                                     [&](const char* name) { return ::linkat(first_folder, first.c_str(), names.target_folder, name, 0); });
  return error.happened() ? special_failure(error) : FileEnd{CopyEnd::copied, 0, false, {}};
}

}  // namespace jobpool::cli
