// The bytes of a file: copied with their holes, and compared. Client and worker, any thread.
#pragma once

#include <optional>

#include "common/copy/file_error.hpp"
#include "common/copy/hole_map.hpp"
#include "common/function_ref.hpp"

namespace jobpool::copy {

enum class Holes { none, keep };

// Asked between pieces of at most kPieceBytes; true: give up, with ECANCELED.
using StopAsked = function_ref<bool()>;
inline constexpr off_t kPieceBytes = 4 * 1024 * 1024;  // some milliseconds

// Copies a span to the same place of `to`: inside the kernel (which shares the blocks where the file system can) where it is large, else
// through memory. Holes are left out, so that `to` must have none of its own data there. A source that ends early is no error.
FileError copy_span(int from, int to, Span span, Holes holes, StopAsked stop);

// The same for a file whose length is not known: until its end. (Files of /proc say that they are empty.)
FileError copy_to_end(int from, int to, off_t offset, StopAsked stop);

// Has the file system tell now what it tells at a close only (NFS, CIFS and many a FUSE send the bytes then, and find no room). The file
// stays open, and locked.
FileError tell_unwritten(int to);

// The first byte that differs, or that one of both has not; nullopt: none. `error` is set when it could not be found out.
std::optional<off_t> first_difference(int one, int other, Span span, StopAsked stop, FileError& error);

}  // namespace jobpool::copy
