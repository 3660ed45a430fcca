// Memory for large payloads. A page of 4 KiB costs a fault of about a microsecond when it is first touched: for 16 MiB that is more than
// copying them three times. Huge pages where the kernel has them (`madvise` or `always`), ordinary ones otherwise. Any process, any thread.
#pragma once

#include <cstddef>

namespace jobpool {

// From this size on it is worth a system call.
inline constexpr std::size_t kHugePagesFrom = 4 * 1024 * 1024;

// Says of memory that is about to be written that it is large; of less than kHugePagesFrom it does nothing. A hint: it cannot fail.
void prefer_huge_pages(void* begin, std::size_t size);

}  // namespace jobpool
