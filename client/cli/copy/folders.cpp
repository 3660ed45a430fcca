// See folders.hpp.
#include "client/cli/copy/folders.hpp"

#include <fcntl.h>

#include "common/copy/metadata.hpp"
#include "common/copy/open_beneath.hpp"
#include "proto/utf8.hpp"

namespace jobpool::cli {
namespace {

FolderMade folder_failure(const char* act, proto::FileEnd& end) {
  const copy::FileError error = copy::failed_to(act);
  end = {error.is_no_room() ? proto::CopyEnd::no_room : proto::CopyEnd::failed, 0, false, error.text()};
  return FolderMade::failed;
}

}  // namespace

FolderMade make_folder(int parent, const std::string& name, const std::string& shown, proto::FileEnd& end) {
  if (::mkdirat(parent, name.c_str(), S_IRWXU) == 0) return FolderMade::fresh;
  if (errno != EEXIST) return folder_failure("make the folder", end);
  struct stat status {};
  if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return folder_failure("look at the target", end);
  if (!S_ISDIR(status.st_mode)) {
    // A reason is a text of JSON, too, and a path is any bytes.
    const std::string what = proto::is_protocol_text(shown) ? "'" + shown + "'" : "what the target has there";
    end = {proto::CopyEnd::failed, 0, false, what + " is no folder; remove it"};
    return FolderMade::failed;
  }
  if ((status.st_mode & S_IRWXU) == S_IRWXU) return FolderMade::was_there;
  // As a copy before this one has left it; it gets its mode again at the end.
  const UniqueFd node(::openat(parent, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (node) ::chmod(("/proc/self/fd/" + std::to_string(node.get())).c_str(), (status.st_mode & 07777) | S_IRWXU);
  return FolderMade::was_there;
}

std::vector<Finished> CopiedFolders::finish(const CopyPlaces& places, const std::function<void()>& before_root) const {
  std::vector<Finished> failures;
  for (std::size_t left = folders_.size(); left > 0; --left) {  // those inside first: the outer one may be closed to us afterwards
    const Folder& folder = folders_[left - 1];
    if (left == 1) before_root();
    const UniqueFd target = copy::open_folder_beneath(places.target_root.get(), folder.path);
    copy::Kept kept;
    if (target) {
      const UniqueFd source = copy::open_folder_beneath(places.source_root.get(), folder.path);
      kept = copy::keep_metadata(source.get(), folder.status, target.get());
    } else {
      kept.error = copy::failed_to("open the target's folder");
    }
    if (kept.error.happened())
      failures.push_back({folder.path, EntryKind::folder, {proto::CopyEnd::failed, 0, false, kept.error.text()}});
    else if (kept.attributes_lost)
      failures.push_back({folder.path, EntryKind::folder, {proto::CopyEnd::copied, 0, true, {}}});
  }
  return failures;
}

}  // namespace jobpool::cli
