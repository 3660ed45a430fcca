// A text that never changes, in one pointer: copies share its bytes, and an empty one owns nothing. For what is kept a million times, where
// most texts are empty and std::string's 32 bytes each are too many. Copies may live in several threads.
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "common/function_ref.hpp"

namespace jobpool {

class SharedText {
  struct Block {  // the bytes follow
    std::atomic<std::uint32_t> copies{1};
    std::uint32_t size;
  };

 public:
  SharedText() = default;
  template <class Text>
  requires std::convertible_to<const Text&, std::string_view> &&(!std::same_as<Text, SharedText>)SharedText(const Text& text)
      : block_(make(text)) {}  // implicit: it stands where a std::string would
  // One in the making, which is written before anybody has it.
  class Room {
   public:
    explicit Room(std::size_t most) : block_(make_room(most)) {}
    Room(Room&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    Room& operator=(Room&& other) noexcept {
      std::swap(block_, other.block_);
      return *this;
    }
    ~Room() { ::operator delete(block_); }
    char* data() { return bytes_of(block_); }  // Requires: `most` was above 0
    // The text of so many bytes, at most as many as there is room for. What is behind them stays in memory as long as the text does; where
    // that is a quarter of it or more, the text is a copy.
    SharedText first(std::size_t size) &&;

   private:
    Block* block_;
  };
  // `write` is to fill all of its room.
  static SharedText written(std::size_t size, function_ref<void(char* room)> write);
  SharedText(const SharedText& other) : block_(other.block_) {
    if (block_ != nullptr) block_->copies.fetch_add(1, std::memory_order_relaxed);
  }
  SharedText(SharedText&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  SharedText& operator=(SharedText other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SharedText() {
    if (block_ != nullptr && is_last_of(*block_)) ::operator delete(block_);
  }

  operator std::string_view() const { return {data(), size()}; }
  const char* data() const { return block_ == nullptr ? "" : reinterpret_cast<const char*>(block_ + 1); }
  std::size_t size() const { return block_ == nullptr ? 0 : block_->size; }
  bool empty() const { return block_ == nullptr; }

  // For another SharedText as for any text. A template, since two overloads would be ambiguous when turned around.
  template <std::convertible_to<std::string_view> Text>
  friend bool operator==(const SharedText& one, const Text& other) {
    return std::string_view{one} == std::string_view{other};
  }
  friend auto operator<=>(const SharedText& one, const SharedText& other) { return std::string_view{one} <=> std::string_view{other}; }
  friend std::ostream& operator<<(std::ostream& out, const SharedText& text) { return out << std::string_view{text}; }

 private:
  // One copy fewer: none is left. Of the only one nobody can make another meanwhile; the decrement, for which a processor waits until all
  // that it wrote before is in its cache, would tell nothing new.
  // acquire, acq_rel: whoever frees the bytes comes after everybody who read them.
  static bool is_last_of(Block& block) {
    return block.copies.load(std::memory_order_acquire) == 1 || block.copies.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
  static Block* make(std::string_view text);
  static Block* make_room(std::size_t size);
  static char* bytes_of(Block* block) { return reinterpret_cast<char*>(block + 1); }

  Block* block_ = nullptr;
};

}  // namespace jobpool
