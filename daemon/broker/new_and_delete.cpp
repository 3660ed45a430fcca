// The broker's operator new and delete. A call takes and gives back some fifteen small blocks, and glibc's way from new to the list that it
// keeps for each thread, and back from delete, is 150 instructions for each: a tenth of all that the call cost the broker. Here it is 25.
// (The forms for arrays and without exceptions end in these; those for larger alignments are the library's own.)
// Not in builds with a sanitizer, which brings its own. Any thread of the broker.
#include <malloc.h>

#include <cstdlib>
#include <new>

#include "common/small_blocks.hpp"

namespace {

using jobpool::SmallBlocks;

constinit thread_local SmallBlocks kept_blocks;

void* block_of_library(std::size_t bytes) {
  for (;;) {
    if (void* const block = std::malloc(bytes)) return block;
    const std::new_handler make_room = std::get_new_handler();
    if (make_room == nullptr) throw std::bad_alloc{};
    make_room();
  }
}

}  // namespace

void* operator new(std::size_t size) {
  if (size > SmallBlocks::kLargest) return block_of_library(size);
  if (void* const block = kept_blocks.take(size)) return block;
  return block_of_library(SmallBlocks::block_bytes(size));
}

void operator delete(void* block, std::size_t size) noexcept {
  if (block != nullptr && !kept_blocks.keep(block, size)) std::free(block);
}

void operator delete(void* block) noexcept {
  if (block != nullptr && !kept_blocks.keep(block, SmallBlocks::served_bytes(::malloc_usable_size(block)))) std::free(block);
}
