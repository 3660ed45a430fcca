// Where a file has data, and where it has holes. Client and worker, any thread.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

namespace jobpool::copy {

struct Span {
  off_t offset = 0, length = 0;
  off_t end() const { return offset + length; }
};

// It occupies less than its length: worth asking for holes.
inline bool may_have_holes(const struct stat& file) { return file.st_blocks * 512 < file.st_size; }

// The first data at or behind `within.offset`, as far as it reaches inside `within`; of length 0: there is none, the rest is a hole.
// Where the file system does not know (or the file is shorter meanwhile), everything is data. Moves the descriptor's offset.
Span next_data(int file, Span within);

}  // namespace jobpool::copy
