// Counts what a process does through the C library: allocations, bytes copied in memory, bytes through sockets and pipes. Preloaded by
// `costs` into client, broker and worker; never part of them. The counts are in a file, COUNTER_FOLDER/<pid>, mapped shared: they are there
// however the process ends.
//   counts = u64 allocations, u64 allocated_bytes, u64 copies, u64 copied_bytes, u64 transfers, u64 transferred_bytes
// Copies of a few bytes that the compiler writes out itself are not seen. It is slow: times mean nothing with it.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
}

namespace {

struct Counts {
  std::atomic<std::uint64_t> allocations, allocated_bytes, copies, copied_bytes, transfers, transferred_bytes;
};

Counts before_start;  // of what runs before the constructor below
Counts* counts = &before_start;

void count(std::atomic<std::uint64_t>& times, std::atomic<std::uint64_t>& bytes, std::uint64_t more) {
  times.fetch_add(1, std::memory_order_relaxed);
  bytes.fetch_add(more, std::memory_order_relaxed);
}

ssize_t count_transfer(long result) {
  if (result > 0) count(counts->transfers, counts->transferred_bytes, static_cast<std::uint64_t>(result));
  return result;
}

[[gnu::constructor]] void map_counts() {
  const char* folder = std::getenv("COUNTER_FOLDER");
  if (folder == nullptr) return;
  char path[4096];
  std::snprintf(path, sizeof(path), "%s/%d", folder, static_cast<int>(::getpid()));
  const int fd = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ::ftruncate(fd, sizeof(Counts)) != 0) std::abort();
  void* memory = ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (memory == MAP_FAILED) std::abort();
  counts = static_cast<Counts*>(memory);
}

void copy_forward(void* to, const void* from, std::size_t size) {
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) {
  count(counts->allocations, counts->allocated_bytes, size);
  return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
  count(counts->allocations, counts->allocated_bytes, number * size);
  return __libc_calloc(number, size);
}
void* realloc(void* memory, std::size_t size) {
  count(counts->allocations, counts->allocated_bytes, size);
  return __libc_realloc(memory, size);
}

void* memcpy(void* to, const void* from, std::size_t size) {
  count(counts->copies, counts->copied_bytes, size);
  copy_forward(to, from, size);
  return to;
}
void* memmove(void* to, const void* from, std::size_t size) {
  count(counts->copies, counts->copied_bytes, size);
  if (to <= from || static_cast<char*>(to) >= static_cast<const char*>(from) + size) {
    copy_forward(to, from, size);
    return to;
  }
  for (volatile char* out = static_cast<char*>(to) + size; size > 0; --size) *--out = static_cast<const char*>(from)[size - 1];
  return to;
}

ssize_t read(int fd, void* buffer, std::size_t size) { return count_transfer(::syscall(SYS_read, fd, buffer, size)); }
ssize_t write(int fd, const void* buffer, std::size_t size) { return count_transfer(::syscall(SYS_write, fd, buffer, size)); }
ssize_t send(int fd, const void* buffer, std::size_t size, int flags) {
  return count_transfer(::syscall(SYS_sendto, fd, buffer, size, flags, nullptr, 0));
}
ssize_t recv(int fd, void* buffer, std::size_t size, int flags) {
  return count_transfer(::syscall(SYS_recvfrom, fd, buffer, size, flags, nullptr, nullptr));
}
ssize_t sendmsg(int fd, const msghdr* message, int flags) { return count_transfer(::syscall(SYS_sendmsg, fd, message, flags)); }
ssize_t recvmsg(int fd, msghdr* message, int flags) { return count_transfer(::syscall(SYS_recvmsg, fd, message, flags)); }

}  // extern "C"
