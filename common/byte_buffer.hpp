// Bytes that are read into and handed out from the front. Room is not zeroed before it is written, as a std::string's would be, and what is
// not written of it costs nothing. One of kMiddleBytes or kLargeBytes is a mapping; of those that were freed four and one are kept for
// the next: to have their pages made again would cost more than to copy what is in them. (The kernel may take the large one's any time:
// MADV_FREE.) Any process; one thread at a time.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace jobpool {

class ByteBuffer {
 public:
  // A message of a megabyte, or of the protocol's largest size, and a socket's contents behind it. The first has no huge pages: many
  // connections with a part of a message each hold no more than they have.
  static constexpr std::size_t kMiddleBytes = 1280 * 1024, kLargeBytes = 25 * 1024 * 1024;

  ByteBuffer() = default;
  ByteBuffer(ByteBuffer&& other) noexcept { swap(other); }
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    ByteBuffer(static_cast<ByteBuffer&&>(other)).swap(*this);
    return *this;
  }
  ~ByteBuffer();

  std::string_view text() const { return {bytes_, size_}; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }

  // Room for at least so many bytes in all, or twice as many as there were. What is there may move.
  void reserve(std::size_t capacity);
  // Behind what is there: to be written, and then counted in by grow().
  std::span<char> room() { return {bytes_ + size_, capacity_ - size_}; }
  void grow(std::size_t written) { size_ += written; }  // Requires: that is within room()
  void append(std::string_view bytes);
  // What is kept goes back to the system: at once, or when there were ten such calls since one was taken or freed.
  static void drop_spares();
  static void drop_unused_spares();
  static bool has_spares();

  // Takes the first bytes out; the room stays.
  void drop_front(std::size_t count);

 private:
  void swap(ByteBuffer& other) noexcept;

  char* bytes_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace jobpool
