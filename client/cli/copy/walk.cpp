// Folder by folder, each opened from the roots. See walk.hpp.
#include "client/cli/copy/walk.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "client/cli/copy/special.hpp"
#include "client/cli/copy/unfinished.hpp"
#include "common/copy/attributes.hpp"
#include "common/copy/file_error.hpp"
#include "common/copy/names.hpp"
#include "common/copy/open_beneath.hpp"
#include "common/copy/target_names.hpp"

namespace jobpool::cli {
namespace {

proto::FileEnd walk_failure(const char* act) {
  const copy::FileError error = copy::failed_to(act);
  return {error.number == ENOENT ? proto::CopyEnd::vanished : proto::CopyEnd::failed, 0, false, error.text()};
}

bool is_dots(std::string_view name) { return name == "." || name == ".."; }

}  // namespace

TreeWalk::TreeWalk(const CopyPlaces& places, std::string temporary, WalkSink& sink)
    : places_(places), temporary_(std::move(temporary)), sink_(sink) {
  ::fstat(places.target_root.get(), &target_status_);
}

void TreeWalk::refuse(std::string path, EntryKind kind, proto::FileEnd end) { sink_.on_end({std::move(path), kind, std::move(end)}); }

void TreeWalk::run() {
  if (places_.is_single()) return walk_single();
  struct stat root {};
  if (::fstat(places_.source_root.get(), &root) != 0) return refuse("", EntryKind::folder, walk_failure("look at the source"));
  folders_.add("", root);
  left_.push_back({"", places_.target_is_new});
  while (!left_.empty() && !sink_.is_stopped()) {
    const Folder folder = std::move(left_.back());
    left_.pop_back();
    walk(folder);
  }
}

void TreeWalk::walk_single() {
  const Folder folder{"", false};
  OpenFolder open{copy::open_folder_beneath(places_.source_root.get(), ""), copy::open_folder_beneath(places_.target_root.get(), "")};
  if (!open.source || !open.target) return refuse(places_.source_name, EntryKind::file, walk_failure("open the folder"));
  // What is copied may itself be what a killed copy left, in this very folder, and the last that there is of a file.
  if (!std::string_view(places_.source_name).starts_with(copy::kTemporaryPrefix)) clear_leftovers(open.target.get(), -1);
  struct stat there {};
  const bool is_free = ::fstatat(open.target.get(), places_.target_name.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
  take(folder, open, places_.source_name, places_.target_name, is_free ? Standing::is_free : Standing::is_there);
}

void TreeWalk::walk(const Folder& folder) {
  OpenFolder open;
  open.source = copy::open_folder_beneath(places_.source_root.get(), folder.path);
  if (!open.source) return refuse(folder.path, EntryKind::folder, walk_failure("open the folder"));
  open.target = copy::open_folder_beneath(places_.target_root.get(), folder.path);
  if (!open.target) return refuse(folder.path, EntryKind::folder, walk_failure("open the target's folder"));
  struct stat status {};
  if (::fstat(open.source.get(), &status) == 0 && copy::is_same_file(status, target_status_))
    return refuse(folder.path, EntryKind::folder, {proto::CopyEnd::failed, 0, false, "it is the target itself (mounted there?)"});
  // Inherited from where the target was made: its files would inherit it in turn.
  if (folder.fresh) copy::remove_acl(open.target.get(), copy::kDefaultAcl);
  if (!folder.fresh) clear_leftovers(open.target.get(), open.source.get());
  std::vector<Entry> entries = entries_of(folder, open.source.get());
  std::optional<Standings> standings;
  if (!folder.fresh) standings.emplace(open.source.get(), open.target.get());
  // What is not there yet first: jobs are of one kind or the other.
  if (standings)
    std::stable_partition(entries.begin(), entries.end(), [&](const Entry& entry) { return !standings->is_listed(entry.name); });
  for (const Entry& entry : entries) {
    if (sink_.is_stopped()) return;
    take(folder, open, entry.name, entry.name, standings ? standings->of(entry.name) : Standing::is_free);
  }
}

// In the inodes' order, as they lie on the disk.
std::vector<TreeWalk::Entry> TreeWalk::entries_of(const Folder& folder, int source) {
  std::vector<Entry> entries;
  const int listed = ::openat(source, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(listed < 0 ? nullptr : ::fdopendir(listed), &::closedir);
  if (!stream) refuse(folder.path, EntryKind::folder, walk_failure("read the folder"));
  while (stream) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0) refuse(folder.path, EntryKind::folder, walk_failure("read the folder"));
    if (entry == nullptr) break;
    if (!is_dots(entry->d_name)) entries.push_back({entry->d_ino, entry->d_name});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.inode < b.inode; });
  return entries;
}

void TreeWalk::take(const Folder& folder, const OpenFolder& open, const std::string& name, const std::string& target, Standing standing) {
  const std::string path = joined(folder.path, name);
  struct stat status {};
  if (::fstatat(open.source.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return refuse(path, EntryKind::file, walk_failure("look at it"));
  if (folder.path.empty() && name == copy::kUnfinishedName) {
    Finished mark{path, EntryKind::file, {proto::CopyEnd::skipped, 0, false, "the mark of an unfinished copy is not copied"}};
    mark.passed_over = true;
    return sink_.on_end(std::move(mark));
  }
  if (standing == Standing::of_another)
    return refuse(path, kind_of(status.st_mode), {proto::CopyEnd::failed, 0, false, copy::kNameIsTaken});
  if (S_ISDIR(status.st_mode)) return take_folder(folder, open, name, status, standing);
  const bool fresh = standing == Standing::is_free;
  if (!S_ISSOCK(status.st_mode) && links_.is_known(status, folder.path, name, fresh)) return;
  if (S_ISREG(status.st_mode)) return sink_.on_file({folder.path, fresh, name, target, status});
  sink_.on_end(make_special({open.source.get(), open.target.get(), name, target, temporary_, fresh}, status, path));
}

void TreeWalk::take_folder(const Folder& folder, const OpenFolder& open, const std::string& name, const struct stat& status,
                           Standing standing) {
  std::string path = joined(folder.path, name);
  proto::FileEnd end;
  const FolderMade made = make_folder(open.target.get(), name, joined(places_.shown_target, path), end);
  if (made == FolderMade::was_there && standing == Standing::is_free) end = {proto::CopyEnd::failed, 0, false, copy::kNameIsTaken};
  if (end.end == proto::CopyEnd::failed || made == FolderMade::failed) return refuse(std::move(path), EntryKind::folder, std::move(end));
  folders_.add(path, status);
  left_.push_back({std::move(path), made == FolderMade::fresh});
}

}  // namespace jobpool::cli
