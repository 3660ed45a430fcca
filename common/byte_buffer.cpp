// See byte_buffer.hpp.
#include "common/byte_buffer.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <utility>

#include "common/huge_pages.hpp"

namespace jobpool {
namespace {

std::atomic<char*> spare{nullptr};  // of kLargeBytes; acquire and release: freed by one thread, and taken by another

char* make_room(std::size_t capacity) {
  if (capacity != ByteBuffer::kLargeBytes) return static_cast<char*>(::operator new(capacity));
  if (char* const kept = spare.exchange(nullptr, std::memory_order_acquire)) return kept;
  void* const mapping = ::mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  prefer_huge_pages(mapping, capacity);
  return static_cast<char*>(mapping);
}

void free_room(char* bytes, std::size_t capacity) {
  if (capacity != ByteBuffer::kLargeBytes) return ::operator delete(bytes);
  ::madvise(bytes, capacity, MADV_FREE);
  char* const other = spare.exchange(bytes, std::memory_order_acq_rel);
  if (other != nullptr) ::munmap(other, capacity);
}

}  // namespace

ByteBuffer::~ByteBuffer() {
  if (bytes_ != nullptr) free_room(bytes_, capacity_);
}

void ByteBuffer::drop_spare() {
  if (char* const kept = spare.exchange(nullptr, std::memory_order_acquire)) ::munmap(kept, kLargeBytes);
}

void ByteBuffer::swap(ByteBuffer& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
}

void ByteBuffer::reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  const std::size_t larger = std::max(capacity, 2 * capacity_);
  char* const room = make_room(larger);
  if (size_ > 0) std::memcpy(room, bytes_, size_);
  if (bytes_ != nullptr) free_room(bytes_, capacity_);
  bytes_ = room;
  capacity_ = larger;
}

void ByteBuffer::append(std::string_view bytes) {
  if (bytes.empty()) return;
  reserve(size_ + bytes.size());
  std::memcpy(bytes_ + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void ByteBuffer::drop_front(std::size_t count) {
  size_ -= count;
  if (size_ > 0) std::memmove(bytes_, bytes_ + count, size_);
}

}  // namespace jobpool
