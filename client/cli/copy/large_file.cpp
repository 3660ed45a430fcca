// See large_file.hpp.
#include "client/cli/copy/large_file.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/cli/copy/unfinished.hpp"
#include "common/copy/contents.hpp"
#include "common/copy/metadata.hpp"
#include "common/copy/open_beneath.hpp"
#include "common/copy/target_names.hpp"

namespace jobpool::cli {
namespace {

using proto::CopyEnd;
using proto::FileEnd;

constexpr int kLargeSourceFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

FileEnd large_failure(const copy::FileError& error) {
  return {error.is_no_room() ? CopyEnd::no_room : CopyEnd::failed, 0, false, error.text()};
}
FileEnd large_failure(const char* act) { return large_failure(copy::failed_to(act)); }

}  // namespace

LargeFile::LargeFile(const CopyPlaces& places, FoundFile file, std::string temporary)
    : places_(places), file_(std::move(file)), temporary_(std::move(temporary)) {}

LargeFile::~LargeFile() {
  if (!is_named_) ::unlinkat(target_folder_.get(), temporary_.c_str(), 0);
}

std::optional<FileEnd> LargeFile::open_both() {
  source_folder_ = copy::open_folder_beneath(places_.source_root.get(), file_.folder);
  if (!source_folder_) return large_failure("open the source's folder");
  target_folder_ = copy::open_folder_beneath(places_.target_root.get(), file_.folder);
  if (!target_folder_) return large_failure("open the target's folder");
  source_ = UniqueFd(::openat(source_folder_.get(), file_.name.c_str(), kLargeSourceFlags));
  if (!source_ && errno == ENOENT) return FileEnd{CopyEnd::vanished, 0, false, "it was gone before it could be copied"};
  if (!source_ || ::fstat(source_.get(), &file_.status) != 0) return large_failure("open the source");
  if (!S_ISREG(file_.status.st_mode)) return FileEnd{CopyEnd::failed, 0, false, "it is no regular file any more"};
  return std::nullopt;
}

std::optional<FileEnd> LargeFile::make_temporary() {
  target_ =
      UniqueFd(::openat(target_folder_.get(), temporary_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!target_) return large_failure("make a file in the target's folder");
  is_named_ = false;
  mark_in_use(target_.get());
  if (::ioctl(target_.get(), FICLONE, source_.get()) == 0) {
    way_ = Way::cloned;
    return std::nullopt;
  }
  if (::ftruncate(target_.get(), file_.status.st_size) != 0) return large_failure("make the target as long as the source");
  return std::nullopt;
}

std::optional<FileEnd> LargeFile::begin(const proto::CopyRoots& roots) {
  if (auto refused = open_both()) return refused;
  struct stat there {};
  const bool is_there = !file_.fresh && ::fstatat(target_folder_.get(), file_.target.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
                        copy::looks_the_same(file_.status, there, target_folder_.get());
  if (is_there) {
    way_ = Way::was_there;
    if (!roots.verify) return FileEnd{CopyEnd::skipped, file_.status.st_size, false, {}};
  } else {
    if (auto refused = make_temporary()) return refused;
    if (way_ == Way::cloned && !roots.verify) return finish(roots);
  }
  ranges_left_ = ranges_of(file_.status.st_size).size();
  return std::nullopt;
}

std::vector<proto::CopyRange> LargeFile::ranges(const proto::CopyRoots& roots) const {
  std::vector<proto::CopyRange> ranges;
  for (const copy::Span span : ranges_of(file_.status.st_size)) {
    proto::CopyRange range;
    range.roots = roots;
    range.folder = file_.folder;
    range.file = file_.name;
    range.target = way_ == Way::was_there ? file_.target : temporary_;
    range.write = way_ == Way::ranges;
    range.offset = span.offset;
    range.length = span.length;
    range.size = file_.status.st_size;
    range.modified_seconds = file_.status.st_mtim.tv_sec;
    range.modified_nanoseconds = file_.status.st_mtim.tv_nsec;
    ranges.push_back(std::move(range));
  }
  return ranges;
}

std::optional<FileEnd> LargeFile::on_range(const FileEnd& range, const proto::CopyRoots& roots) {
  const std::lock_guard lock(mutex_);
  const bool is_whole = range.end == CopyEnd::copied || range.end == CopyEnd::changed;  // of what changed there is a copy as well
  changed_ = changed_ || range.end == CopyEnd::changed;
  if (!is_whole && !failure_) failure_ = range;
  if (--ranges_left_ > 0) return std::nullopt;
  if (failure_) return failure_;
  if (way_ != Way::was_there) return finish(roots);
  if (changed_) return FileEnd{CopyEnd::changed, file_.status.st_size, false, "it changed while it was compared"};
  return FileEnd{CopyEnd::skipped, file_.status.st_size, false, {}};
}

bool LargeFile::give_name() {
  const int folder = target_folder_.get();
  is_named_ = (file_.fresh ? copy::rename_to_free_name(folder, temporary_, file_.target)
                           : ::renameat(folder, temporary_.c_str(), folder, file_.target.c_str())) == 0;
  return is_named_;
}

FileEnd LargeFile::finish(const proto::CopyRoots& roots) {
  struct stat now {};
  const bool unchanged = !changed_ && ::fstat(source_.get(), &now) == 0 && copy::is_unchanged(file_.status, now);
  const copy::Kept kept = copy::keep_metadata(source_.get(), file_.status, target_.get(), copy::inheritance_of(target_folder_.get()));
  if (kept.error.happened()) return {CopyEnd::failed, 0, false, kept.error.text()};
  if (const auto error = copy::tell_unwritten(target_.get()); error.happened()) return large_failure(error);
  if (roots.sync && ::fsync(target_.get()) != 0) return large_failure("sync the target");
  if (!give_name() && errno == EEXIST) return {CopyEnd::failed, 0, false, copy::kNameIsTaken};
  if (!is_named_) return large_failure("name the target");
  if (!unchanged) return {CopyEnd::changed, file_.status.st_size, kept.attributes_lost, "it changed while it was copied"};
  return {CopyEnd::copied, file_.status.st_size, kept.attributes_lost, {}};
}

}  // namespace jobpool::cli
