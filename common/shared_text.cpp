// See shared_text.hpp.
#include "common/shared_text.hpp"

#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "common/huge_pages.hpp"

namespace jobpool {

SharedText SharedText::written(std::size_t size, function_ref<void(char* room)> write) {
  SharedText text;
  text.block_ = make_room(size);
  if (size > 0) write(bytes_of(text.block_));
  return text;
}

SharedText::Block* SharedText::make(std::string_view text) {
  Block* const block = make_room(text.size());
  if (block != nullptr) std::memcpy(bytes_of(block), text.data(), text.size());
  return block;
}

SharedText::Block* SharedText::make_room(std::size_t size) {
  if (size == 0) return nullptr;
  if (size > std::numeric_limits<std::uint32_t>::max()) std::abort();  // no message is a hundredth of that
  void* const room = ::operator new(sizeof(Block) + size);
  prefer_huge_pages(room, size);
  return new (room) Block{.size = static_cast<std::uint32_t>(size)};
}

}  // namespace jobpool
