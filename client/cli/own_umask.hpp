// The umask of this process, which a command is to have too.
#pragma once

#include <sys/stat.h>

namespace jobpool::cli {

// umask(2) can only be read by setting it. Requires: no other thread makes files. (The library, which cannot know, reads /proc: 8 us more.)
inline int own_umask() {
  const mode_t mask = ::umask(077);
  ::umask(mask);
  return static_cast<int>(mask);
}

}  // namespace jobpool::cli
