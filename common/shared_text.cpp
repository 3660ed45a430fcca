// See shared_text.hpp.
#include "common/shared_text.hpp"

#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

namespace jobpool {

SharedText::Block* SharedText::make(std::string_view text) {
  if (text.empty()) return nullptr;
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) std::abort();  // no message is a hundredth of that
  auto* block = new (::operator new(sizeof(Block) + text.size())) Block{.size = static_cast<std::uint32_t>(text.size())};
  std::memcpy(static_cast<void*>(block + 1), text.data(), text.size());
  return block;
}

}  // namespace jobpool
