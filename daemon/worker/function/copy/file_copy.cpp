// See the header. The source is looked at before and after: one that changed meanwhile is copied once more, and told when that did not
// help.
#include "daemon/worker/function/copy/file_copy.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "common/copy/target_names.hpp"
#include "daemon/worker/function/copy/new_file.hpp"

namespace jobpool::worker {
namespace {

using proto::CopyEnd;
using proto::FileEnd;

// A FIFO put in the file's place must not hold the worker up.
constexpr int kSourceFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
constexpr const char* kChanged = "it changed while it was copied";
constexpr int kTimes = 2;  // that a file which changes meanwhile is copied

FileEnd failure(const copy::FileError& error) { return {error.is_no_room() ? CopyEnd::no_room : CopyEnd::failed, 0, false, error.text()}; }

FileEnd difference(off_t at) { return {CopyEnd::differs, 0, false, "the bytes differ from offset " + std::to_string(at) + " on"}; }

struct Source {
  UniqueFd file;
  struct stat status {};
};

// An end: it cannot be copied.
std::optional<FileEnd> open_source(int folder, const std::string& name, Source& source) {
  source.file = UniqueFd(::openat(folder, name.c_str(), kSourceFlags));
  if (!source.file && errno == ENOENT) return FileEnd{CopyEnd::vanished, 0, false, "it was gone before it could be copied"};
  if (!source.file || ::fstat(source.file.get(), &source.status) != 0) return failure(copy::failed_to("open the source"));
  if (!S_ISREG(source.status.st_mode)) return FileEnd{CopyEnd::failed, 0, false, "it is no regular file any more"};
  return std::nullopt;
}

copy::FileError write_contents(const Source& source, int to, const CopyTerms& terms) {
  const off_t size = source.status.st_size;
  if (size == 0) return copy::copy_to_end(source.file.get(), to, 0, terms.stop);
  const bool holes = copy::may_have_holes(source.status);
  const auto error = copy::copy_span(source.file.get(), to, {0, size}, holes ? copy::Holes::keep : copy::Holes::none, terms.stop);
  if (error.happened() || !holes) return error;
  return ::ftruncate(to, size) == 0 ? copy::FileError{} : copy::failed_to("write the target");
}

// What was written is read from the disk, where it is there already, and not from memory.
copy::FileError flush(int to, const CopyTerms& terms) {
  if (const auto error = copy::tell_unwritten(to); error.happened()) return error;
  if (!terms.sync) return {};
  if (::fsync(to) != 0) return copy::failed_to("sync the target");
  if (terms.verify) ::posix_fadvise(to, 0, 0, POSIX_FADV_DONTNEED);
  return {};
}

// nullopt: they are the same.
std::optional<FileEnd> compare(int one, int other, copy::Span span, const CopyTerms& terms) {
  copy::FileError error;
  const auto at = copy::first_difference(one, other, span, terms.stop, error);
  if (error.happened()) return failure(error);
  return at ? std::optional(difference(*at)) : std::nullopt;
}

FileEnd skip(const Source& source, const FolderPair& folders, const std::string& target, const CopyTerms& terms) {
  FileEnd skipped{CopyEnd::skipped, source.status.st_size, false, {}};
  if (!terms.verify) return skipped;
  const UniqueFd there(::openat(folders.target, target.c_str(), kSourceFlags));
  if (!there) return failure(copy::failed_to("open the target"));
  return compare(source.file.get(), there.get(), {0, source.status.st_size}, terms).value_or(skipped);
}

// Of what was not there when the client looked, only what an attempt at this very file has made is replaced: an earlier one of this job,
// or that of a copy which was ended and of a broker that died, which are known by the time.
bool is_own_work(const Source& source, const FolderPair& folders, const std::string& target, const CopyTerms& terms) {
  struct stat there {};
  if (::fstatat(folders.target, target.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) return true;  // gone again
  if (!terms.again && !copy::looks_the_same(source.status, there, folders.target)) return false;
  const auto listed = copy::names_in(folders.target);
  return listed && listed->contains(target);  // else it has another name, which is the same to the target's file system
}

// nullopt: done.
std::optional<FileEnd> give_name(NewFile& file, const Source& source, const FolderPair& folders, const std::string& target,
                                 const CopyTerms& terms) {
  auto error = file.publish(target, folders.fresh ? IfTaken::refuse : IfTaken::replace);
  if (folders.fresh && error.number == EEXIST) {
    if (!is_own_work(source, folders, target, terms)) return FileEnd{CopyEnd::failed, 0, false, copy::kNameIsTaken};
    error = file.publish(target, IfTaken::replace);
  }
  return error.happened() ? std::optional(failure(error)) : std::nullopt;
}

FileEnd write_new(const Source& source, const FolderPair& folders, const std::string& target, const CopyTerms& terms) {
  NewFile file(folders.target, terms.temporary);
  if (const auto error = file.open(); error.happened()) return failure(error);
  if (const auto error = write_contents(source, file.fd(), terms); error.happened()) return failure(error);
  const copy::Kept kept = copy::keep_metadata(source.file.get(), source.status, file.fd(), folders.inherited);
  if (kept.error.happened()) return {CopyEnd::failed, 0, kept.attributes_lost, kept.error.text()};
  if (const auto error = flush(file.fd(), terms); error.happened()) return failure(error);

  struct stat after {};
  const bool unchanged = ::fstat(source.file.get(), &after) == 0 && copy::is_unchanged(source.status, after);
  if (terms.verify && unchanged)
    if (auto differs = compare(source.file.get(), file.fd(), {0, source.status.st_size}, terms)) return *differs;
  if (terms.stop()) return failure({ECANCELED, "go on"});
  if (auto refused = give_name(file, source, folders, target, terms)) return *refused;
  FileEnd end{unchanged ? CopyEnd::copied : CopyEnd::changed, source.status.st_size, kept.attributes_lost, {}};
  if (!unchanged) end.reason = kChanged;
  return end;
}

}  // namespace

FileEnd copy_file(const FolderPair& folders, const std::string& name, const std::string& target, const CopyTerms& terms) {
  FileEnd end;
  CopyTerms own = terms;
  for (int time = 0; time < kTimes; ++time) {
    own.again |= time > 0;  // the name is its own then
    Source source;
    if (auto refused = open_source(folders.source, name, source)) return *refused;
    struct stat there {};
    if (!folders.fresh && ::fstatat(folders.target, target.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
        copy::looks_the_same(source.status, there, folders.target))
      return skip(source, folders, target, terms);
    end = write_new(source, folders, target, own);
    if (end.end != CopyEnd::changed || terms.stop()) break;
  }
  return end;
}

FileEnd copy_range(const FolderPair& folders, const proto::CopyRange& range, const CopyTerms& terms) {
  Source source;
  if (auto refused = open_source(folders.source, range.file, source)) return *refused;
  const struct stat& now = source.status;
  const bool unchanged =
      now.st_size == range.size && now.st_mtim.tv_sec == range.modified_seconds && now.st_mtim.tv_nsec == range.modified_nanoseconds;
  const UniqueFd to(
      ::openat(folders.target, range.target.c_str(), (range.write ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!to) return failure(copy::failed_to("open the target"));
  const copy::Span span{range.offset, range.length};
  const copy::Holes holes = copy::may_have_holes(now) ? copy::Holes::keep : copy::Holes::none;
  if (range.write) {
    if (const auto error = copy::copy_span(source.file.get(), to.get(), span, holes, terms.stop); error.happened()) return failure(error);
    if (const auto error = flush(to.get(), terms); error.happened()) return failure(error);
  }
  if (!unchanged) return {CopyEnd::changed, range.length, false, kChanged};
  if (terms.verify)
    if (auto differs = compare(source.file.get(), to.get(), span, terms)) return *differs;
  return {CopyEnd::copied, range.length, false, {}};
}

}  // namespace jobpool::worker
