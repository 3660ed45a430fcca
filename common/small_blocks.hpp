// Small blocks of memory that were freed, kept for the next of their size: a list for each size. One thread's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

namespace jobpool {

class SmallBlocks {
 public:
  static constexpr std::size_t kLargest = 520;  // bytes
  // Of each size: what a call with hundreds of chunks takes at once, several of the smallest ones for each. 5.3 MiB if all of them were
  // there; of few sizes there are many.
  static constexpr std::uint32_t most(std::size_t size) { return size <= 120 ? 2048 : 512; }

  // How large a block is that is asked of the C library for so many bytes: what is left over in one of its own would be lost. Requires:
  // size ≤ kLargest.
  static constexpr std::size_t block_bytes(std::size_t size) { return place_of(size) * kStep + kOffset; }
  // For how many bytes one serves that is so large.
  static constexpr std::size_t served_bytes(std::size_t block_bytes) { return (block_bytes - kOffset) / kStep * kStep + kOffset; }

  // A block for so many bytes; null: none is kept. Requires: size ≤ kLargest.
  void* take(std::size_t size) {
    List& list = lists_[place_of(size)];
    Block* const block = list.first;
    if (block == nullptr) return nullptr;
    list.first = block->next;
    // The next one asked for is this one, and was freed long ago: its place is in memory, not in a cache, and everything would wait for it.
    __builtin_prefetch(list.first, kToBeWritten);
    --list.count;
    return block;
  }
  // Requires: its block_bytes() are those of `size`, or more. False: it is not kept.
  bool keep(void* block, std::size_t size) {
    if (size > kLargest) return false;
    List& list = lists_[place_of(size)];
    if (list.count >= most(size)) return false;
    list.first = new (block) Block{list.first};
    ++list.count;
    return true;
  }

 private:
  struct Block {
    Block* next;
  };
  struct List {
    Block* first = nullptr;
    std::uint32_t count = 0;
  };
  // As glibc's blocks are: 24 bytes, 40, 56, …; it puts a word of its own before each.
  static constexpr std::size_t kStep = 16, kOffset = 8;
  static constexpr int kToBeWritten = 1;
  static constexpr std::size_t place_of(std::size_t size) { return (size + kStep - kOffset - 1) / kStep; }

  std::array<List, (kLargest + kStep - kOffset - 1) / kStep + 1> lists_{};
};

}  // namespace jobpool
