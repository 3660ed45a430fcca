// The futex system calls; glibc has no wrapper. Broker and worker processes.
#include "common/shm/futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace jobpool::shm {

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, std::uint32_t reasons) {
  // EAGAIN (the bell rang meanwhile) and EINTR both mean "look again", as a wake does: nothing to tell apart.
  ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAIT_BITSET, expected, nullptr, nullptr, reasons);
}

int futex_wake(std::atomic<std::uint32_t>& word, int count, std::uint32_t reasons) {
  const long woken = ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE_BITSET, count, nullptr, nullptr, reasons);
  return woken > 0 ? static_cast<int>(woken) : 0;
}

}  // namespace jobpool::shm
