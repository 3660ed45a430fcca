// See output_spool.hpp.
#include "client/cli/output_spool.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "client/cli/tell.hpp"

namespace jobpool::cli {
namespace {

constexpr std::size_t kPiece = 64 * 1024;

std::string spool_folder() {
  const char* named = std::getenv("TMPDIR");
  return named != nullptr && *named == '/' ? named : "/tmp";
}

Error spool_error(const char* what) {
  return errno_error(std::string{what} + " outputs that wait for their turn, in " + spool_folder() + " (TMPDIR names another folder)");
}

Result<UniqueFd> make_file() {
  const std::string folder = spool_folder();
  UniqueFd file{::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (file) return file;
  std::string name = folder + "/jobpool-map-XXXXXX";  // a file system without O_TMPFILE
  file = UniqueFd{::mkostemp(name.data(), O_CLOEXEC)};
  if (!file) return spool_error("make a file for");
  ::unlink(name.c_str());
  return file;
}

Result<void> write_at(int file, std::string_view bytes, off_t offset) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(file, bytes.data(), bytes.size(), offset);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return spool_error("write");
    bytes.remove_prefix(static_cast<std::size_t>(put));
    offset += put;
  }
  return {};
}

// Calls `take` with each piece of the range. A file that has become shorter ends it early.
template <class Take>
Result<void> each_piece(int file, OutputSpool::Range range, Take take) {
  std::array<char, kPiece> piece;
  for (off_t done = 0; done < range.size;) {
    const auto wanted = static_cast<std::size_t>(std::min<off_t>(range.size - done, kPiece));
    const ssize_t got = ::pread(file, piece.data(), wanted, range.offset + done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return spool_error("read");
    if (got == 0) return {};
    if (auto taken = take(std::string_view{piece.data(), static_cast<std::size_t>(got)}, done); !taken) return taken;
    done += got;
  }
  return {};
}

}  // namespace

Result<OutputSpool::Range> OutputSpool::reserve(off_t size) {
  const std::lock_guard lock(mutex_);
  if (!file_) {
    Result<UniqueFd> made = make_file();
    if (!made) return made.error();
    file_ = std::move(*made);
  }
  const Range range{end_, size};
  end_ += size;
  return range;
}

Result<OutputSpool::Range> OutputSpool::add(std::string_view bytes) {
  const Result<Range> range = reserve(static_cast<off_t>(bytes.size()));
  if (!range) return range.error();
  if (auto written = write_at(file_.get(), bytes, range->offset); !written) {
    release(*range);
    return written.error();
  }
  return *range;
}

Result<OutputSpool::Range> OutputSpool::copy(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return errno_error("read the job's output");
  const Result<Range> range = reserve(status.st_size);
  if (!range) return range.error();
  const auto copied = each_piece(file, {0, range->size},
                                 [&](std::string_view piece, off_t done) { return write_at(file_.get(), piece, range->offset + done); });
  if (!copied) {
    release(*range);
    return copied.error();
  }
  return *range;
}

Result<void> OutputSpool::write(Range range, int to) const {
  return each_piece(file_.get(), range, [to](std::string_view piece, off_t) { return write_all(to, piece); });
}

Result<void> OutputSpool::append_to(std::string& text, Range range) const {
  return each_piece(file_.get(), range, [&text](std::string_view piece, off_t) {
    text += piece;
    return Result<void>{};
  });
}

void OutputSpool::release(Range range) const {
  // Where the file system cannot, the room is given back at the end.
  (void)::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, range.offset, range.size);
}

}  // namespace jobpool::cli
