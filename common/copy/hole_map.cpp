// SEEK_DATA and SEEK_HOLE. See hole_map.hpp.
#include "common/copy/hole_map.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace jobpool::copy {

Span next_data(int file, Span within) {
  if (within.length <= 0) return {within.offset, 0};
  const off_t begin = ::lseek(file, within.offset, SEEK_DATA);
  if (begin < 0) return errno == ENXIO ? Span{within.end(), 0} : within;
  if (begin >= within.end()) return {within.end(), 0};
  const off_t hole = ::lseek(file, begin, SEEK_HOLE);
  const off_t end = hole < 0 ? within.end() : std::min(hole, within.end());
  return {begin, end - begin};
}

}  // namespace jobpool::copy
