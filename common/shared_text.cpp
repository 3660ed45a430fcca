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

SharedText SharedText::Room::first(std::size_t size) && {
  SharedText text;
  if (size == 0) return text;
  if (size < block_->size / 4 * 3) return SharedText{std::string_view{data(), size}};
  text.block_ = std::exchange(block_, nullptr);
  text.block_->size = static_cast<std::uint32_t>(size);
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
