// See byte_buffer.hpp.
#include "common/byte_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "common/huge_pages.hpp"

namespace jobpool {

ByteBuffer::~ByteBuffer() { ::operator delete(bytes_); }

void ByteBuffer::swap(ByteBuffer& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
}

void ByteBuffer::reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  const std::size_t larger = std::max(capacity, 2 * capacity_);
  auto* const room = static_cast<char*>(::operator new(larger));
  prefer_huge_pages(room, larger);
  if (size_ > 0) std::memcpy(room, bytes_, size_);
  ::operator delete(bytes_);
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
