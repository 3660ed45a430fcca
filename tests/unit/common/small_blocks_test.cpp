// Lists of freed blocks: who gets which again.
#include "common/small_blocks.hpp"

#include <malloc.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tests/support/catch.hpp"

namespace jobpool {
namespace {

struct Kept {
  explicit Kept(std::size_t size) : size(size), block(std::malloc(SmallBlocks::block_bytes(size))) {}
  std::size_t size;
  void* block;
};

TEST_CASE("a freed block serves the next of its size, the last one first") {
  SmallBlocks blocks;
  CHECK(blocks.take(40) == nullptr);
  const Kept first(40), second(33);
  CHECK(blocks.keep(first.block, first.size));
  CHECK(blocks.keep(second.block, second.size));
  CHECK(blocks.take(24) == nullptr);
  CHECK(blocks.take(41) == nullptr);
  CHECK(blocks.take(25) == second.block);
  CHECK(blocks.take(40) == first.block);
  CHECK(blocks.take(40) == nullptr);
  std::free(first.block);
  std::free(second.block);
}

TEST_CASE("a block serves no more bytes than it has, whatever size it is given back with") {
  for (std::size_t size = 0; size <= SmallBlocks::kLargest; ++size) {
    SmallBlocks blocks;
    const Kept kept(size);
    const std::size_t usable = ::malloc_usable_size(kept.block);
    REQUIRE(usable >= size);
    REQUIRE(SmallBlocks::served_bytes(usable) <= usable);
    REQUIRE(blocks.keep(kept.block, SmallBlocks::served_bytes(usable)));
    for (std::size_t wanted = SmallBlocks::kLargest; wanted > usable; --wanted) REQUIRE(blocks.take(wanted) == nullptr);
    REQUIRE(blocks.take(SmallBlocks::served_bytes(usable)) == kept.block);
    std::memset(kept.block, 1, SmallBlocks::served_bytes(usable));
    std::free(kept.block);
  }
}

TEST_CASE("large blocks, and more than enough of one size, are not kept") {
  struct alignas(16) Room {
    std::array<std::byte, 112> bytes;
  };
  std::vector<Room> rooms(SmallBlocks::most(100) + 1);
  SmallBlocks blocks;
  CHECK_FALSE(blocks.keep(rooms.data(), SmallBlocks::kLargest + 1));
  for (std::uint32_t i = 0; i < SmallBlocks::most(100); ++i) REQUIRE(blocks.keep(&rooms[i], 100));
  CHECK_FALSE(blocks.keep(&rooms.back(), 100));
  CHECK(blocks.take(100) == &rooms[SmallBlocks::most(100) - 1]);
  CHECK(blocks.keep(&rooms.back(), 100));
}

}  // namespace
}  // namespace jobpool
