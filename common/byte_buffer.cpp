// See byte_buffer.hpp.
#include "common/byte_buffer.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <new>
#include <utility>

#include "common/huge_pages.hpp"

namespace jobpool {
namespace {

// Acquire and release: freed by one thread, and taken by another. What counts is that nobody has it: null or not.
using Spare = std::atomic<char*>;
constexpr std::size_t kMiddleSpares = 4;
std::array<Spare, kMiddleSpares> middle_spares{};
std::array<Spare, 1> large_spares{};
std::atomic<int> quiet_calls{0};  // relaxed: a number that nothing else depends on

// Empty: no mapping is of that size.
std::span<Spare> spares_of(std::size_t capacity) {
  if (capacity == ByteBuffer::kMiddleBytes) return middle_spares;
  if (capacity == ByteBuffer::kLargeBytes) return large_spares;
  return {};
}

char* take_spare(std::span<Spare> spares) {
  quiet_calls.store(0, std::memory_order_relaxed);
  for (Spare& spare : spares)
    if (char* const kept = spare.exchange(nullptr, std::memory_order_acquire)) return kept;
  return nullptr;
}

char* make_room(std::size_t capacity) {
  const std::span<Spare> spares = spares_of(capacity);
  if (spares.empty()) return static_cast<char*>(::operator new(capacity));
  if (char* const kept = take_spare(spares)) return kept;
  void* const mapping = ::mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  // Two that lie side by side would be given a huge page together, for the first byte of either.
  if (capacity == ByteBuffer::kMiddleBytes) ::madvise(mapping, capacity, MADV_NOHUGEPAGE);
  prefer_huge_pages(mapping, capacity);
  return static_cast<char*>(mapping);
}

void free_room(char* bytes, std::size_t capacity) {
  const std::span<Spare> spares = spares_of(capacity);
  if (spares.empty()) return ::operator delete(bytes);
  quiet_calls.store(0, std::memory_order_relaxed);
  if (capacity == ByteBuffer::kLargeBytes) ::madvise(bytes, capacity, MADV_FREE);
  for (Spare& spare : spares) {
    char* none = nullptr;
    if (spare.compare_exchange_strong(none, bytes, std::memory_order_acq_rel)) return;
  }
  ::munmap(bytes, capacity);
}

}  // namespace

ByteBuffer::~ByteBuffer() {
  if (bytes_ != nullptr) free_room(bytes_, capacity_);
}

void ByteBuffer::drop_spares() {
  for (const std::size_t capacity : {kMiddleBytes, kLargeBytes})
    while (char* const kept = take_spare(spares_of(capacity))) ::munmap(kept, capacity);
}

void ByteBuffer::drop_unused_spares() {
  constexpr int kPatience = 10;
  if (quiet_calls.fetch_add(1, std::memory_order_relaxed) + 1 >= kPatience) drop_spares();
}

bool ByteBuffer::has_spares() {
  for (const std::size_t capacity : {kMiddleBytes, kLargeBytes})
    for (const Spare& spare : spares_of(capacity))
      if (spare.load(std::memory_order_relaxed) != nullptr) return true;
  return false;
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
