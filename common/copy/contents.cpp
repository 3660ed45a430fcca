// See contents.hpp. Small spans go through memory: two calls, where the kernel's own way sets up a pipe.
#include "common/copy/contents.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace jobpool::copy {
namespace {

constexpr std::size_t kBufferBytes = 128 * 1024;  // on the stack; larger gains nothing
constexpr off_t kSmallBytes = 64 * 1024;
using Buffer = std::array<char, kBufferBytes>;

enum class Way { kernel_cannot, done };

// What copy_file_range says between file systems and where it is not known: nothing was copied, another way may do it.
bool is_other_way_possible(int number) {
  return number == EXDEV || number == EINVAL || number == ENOSYS || number == EOPNOTSUPP || number == ETXTBSY || number == EPERM ||
         number == EBADF;
}

FileError write_fully(int to, const char* bytes, std::size_t size, off_t offset) {
  while (size > 0) {
    const ssize_t written = ::pwrite(to, bytes, size, offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed_to("write the target");
    if (written == 0) return {EIO, "write the target"};
    bytes += written;
    size -= static_cast<std::size_t>(written);
    offset += written;
  }
  return {};
}

// Up to `most` bytes, all of them unless the file ends; -1 with errno.
ssize_t read_fully(int from, char* bytes, std::size_t most, off_t offset) {
  std::size_t got = 0;
  while (got < most) {
    const ssize_t size = ::pread(from, bytes + got, most - got, offset + static_cast<off_t>(got));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return -1;
    if (size == 0) break;
    got += static_cast<std::size_t>(size);
  }
  return static_cast<ssize_t>(got);
}

FileError copy_through_memory(int from, int to, Span span, StopAsked stop, bool& at_end) {
  Buffer buffer;
  off_t since_asked = 0;
  while (span.length > 0) {
    const auto most = static_cast<std::size_t>(std::min<off_t>(span.length, kBufferBytes));
    const ssize_t size = read_fully(from, buffer.data(), most, span.offset);
    if (size < 0) return failed_to("read the source");
    if (const FileError error = write_fully(to, buffer.data(), static_cast<std::size_t>(size), span.offset); error.happened()) return error;
    span.offset += size;
    span.length -= size;
    since_asked += size;
    if (static_cast<std::size_t>(size) < most) {
      at_end = true;
      return {};
    }
    if (since_asked >= kPieceBytes && std::exchange(since_asked, 0) > 0 && stop()) return {ECANCELED, "go on"};
  }
  return {};
}

// Moves `span` on by what was copied.
Way copy_in_kernel(int from, int to, Span& span, StopAsked stop, FileError& error) {
  while (span.length > 0) {
    off_t read_at = span.offset, write_at = span.offset;
    const auto most = static_cast<std::size_t>(std::min(span.length, kPieceBytes));
    const ssize_t size = ::copy_file_range(from, &read_at, to, &write_at, most, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && is_other_way_possible(errno)) return Way::kernel_cannot;
    if (size < 0) {
      error = failed_to("write the target");
      return Way::done;
    }
    if (size == 0) return Way::kernel_cannot;  // the end; or a file system that lies about it, which reading will tell
    span.offset += size;
    span.length -= size;
    if (span.length > 0 && stop()) {
      error = {ECANCELED, "go on"};
      return Way::done;
    }
  }
  return Way::done;
}

FileError copy_data(int from, int to, Span span, StopAsked stop, bool& at_end) {
  FileError error;
  if (span.length > kSmallBytes && copy_in_kernel(from, to, span, stop, error) == Way::done) return error;
  return copy_through_memory(from, to, span, stop, at_end);
}

}  // namespace

FileError copy_span(int from, int to, Span span, Holes holes, StopAsked stop) {
  bool at_end = false;
  if (holes == Holes::none) return copy_data(from, to, span, stop, at_end);
  while (span.length > 0 && !at_end) {
    const Span data = next_data(from, span);
    if (data.length == 0) return {};
    if (const FileError error = copy_data(from, to, data, stop, at_end); error.happened()) return error;
    span = {data.end(), span.end() - data.end()};
    if (stop()) return {ECANCELED, "go on"};
  }
  return {};
}

FileError copy_to_end(int from, int to, off_t offset, StopAsked stop) {
  for (bool at_end = false; !at_end; offset += kPieceBytes) {
    if (const FileError error = copy_through_memory(from, to, {offset, kPieceBytes}, stop, at_end); error.happened()) return error;
    if (!at_end && stop()) return {ECANCELED, "go on"};
  }
  return {};
}

FileError tell_unwritten(int to) {
  for (;;) {
    const int other = ::dup(to);  // each close of one counts
    if (other >= 0 && ::close(other) == 0) return {};
    if (errno != EINTR) return failed_to("write the target");
  }
}

std::optional<off_t> first_difference(int one, int other, Span span, StopAsked stop, FileError& error) {
  Buffer first, second;
  off_t since_asked = 0;
  while (span.length > 0) {
    const auto most = static_cast<std::size_t>(std::min<off_t>(span.length, kBufferBytes));
    const ssize_t a = read_fully(one, first.data(), most, span.offset);
    const ssize_t b = a < 0 ? -1 : read_fully(other, second.data(), most, span.offset);
    if (b < 0) {
      error = failed_to(a < 0 ? "read the source again" : "read the target again");
      return std::nullopt;
    }
    const auto both = static_cast<std::size_t>(std::min(a, b));
    if (a != b || std::memcmp(first.data(), second.data(), both) != 0)
      return span.offset + (std::mismatch(first.data(), first.data() + both, second.data()).first - first.data());
    if (both < most) return std::nullopt;
    span.offset += a;
    span.length -= a;
    since_asked += a;
    if (since_asked >= kPieceBytes && std::exchange(since_asked, 0) > 0 && stop()) {
      error = {ECANCELED, "go on"};
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace jobpool::copy
