// Blocks of the ledger's heap: no overlap, reuse, and books that a new broker rebuilds.
#include "daemon/broker/pool/block_allocator.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"

using jobpool::broker::BlockAllocator;

namespace {

constexpr std::uint64_t kCapacity = 1 << 20;

bool overlaps_any(const std::map<std::uint64_t, std::uint64_t>& live) {
  std::uint64_t end = 0;
  for (const auto& [offset, size] : live) {
    if (offset < end) return true;
    end = offset + size;
  }
  return end > kCapacity;
}

}  // namespace

TEST_CASE("whether a block could be had is known without taking it") {
  BlockAllocator blocks(4'096);
  CHECK(blocks.has(4'096));
  CHECK_FALSE(blocks.has(4'097));
  const auto one = blocks.allocate(64);
  REQUIRE(one);
  CHECK(blocks.has(2'048));
  CHECK_FALSE(blocks.has(2'049));
  blocks.free(*one, 64);
  CHECK(blocks.has(4'096));
}

TEST_CASE("blocks never overlap, whatever is allocated and freed in which order") {
  BlockAllocator blocks{kCapacity};
  std::map<std::uint64_t, std::uint64_t> live;
  std::mt19937 random{1};
  int foreseen = 0;
  for (int step = 0; step < 20'000; ++step) {
    if (live.empty() || random() % 3 != 0) {
      const std::uint64_t size = 1 + random() % (random() % 2 == 0 ? 3000 : 100);
      const auto next = blocks.next(size);
      foreseen += next ? 1 : 0;
      if (const auto offset = blocks.allocate(size)) {
        if (next) REQUIRE(offset == next);
        REQUIRE(live.emplace(*offset, size).second);
        continue;
      }
    }
    const auto victim = std::next(live.begin(), static_cast<long>(random() % live.size()));
    blocks.free(victim->first, victim->second);
    live.erase(victim);
    if (step % 100 == 0) REQUIRE_FALSE(overlaps_any(live));
  }
  CHECK(foreseen > 100);
}

TEST_CASE("a new broker's books know what is in use and offer all the rest") {
  BlockAllocator old_books{kCapacity};
  std::map<std::uint64_t, std::uint64_t> live;
  for (int i = 0; i < 100; ++i) live.emplace(*old_books.allocate(100 + 50 * static_cast<std::uint64_t>(i)), 100 + 50 * i);
  for (auto it = live.begin(); it != live.end();) {  // every second one is freed
    it = live.erase(it);
    if (it != live.end()) ++it;
  }
  BlockAllocator books{kCapacity};
  for (const auto& [offset, size] : live) REQUIRE(books.adopt(offset, size));
  std::uint64_t used = books.used();
  while (const auto offset = books.allocate(64)) {
    REQUIRE(live.emplace(*offset, 64).second);
    used += 64;
  }
  CHECK_FALSE(overlaps_any(live));
  CHECK(used == kCapacity);
}

TEST_CASE("blocks that overlap, leave the heap or are not aligned are refused") {
  BlockAllocator books{kCapacity};
  REQUIRE(books.adopt(128, 128));
  CHECK_FALSE(books.adopt(192, 64));         // inside the one before
  CHECK_FALSE(books.adopt(256 + 64, 128));   // not aligned to its size
  CHECK_FALSE(books.adopt(kCapacity, 64));   // outside
  CHECK_FALSE(books.adopt(512, kCapacity));  // too large for what is left
  CHECK_FALSE(books.adopt(1024, std::uint64_t{1} << 40));
}

TEST_CASE("a block of an impossible size is refused") {
  // The bug: its size was made by a shift of 64 before it was compared with the largest, which is undefined.
  BlockAllocator books{kCapacity};
  CHECK_FALSE(books.adopt(0, (std::uint64_t{1} << 63) + 1));
  CHECK_FALSE(books.adopt(0, ~std::uint64_t{0}));
}

TEST_CASE("no room is said, not made") {
  BlockAllocator blocks{1024};
  CHECK(blocks.allocate(1024).has_value());
  CHECK_FALSE(blocks.allocate(1).has_value());
  CHECK_FALSE(blocks.allocate(std::uint64_t{1} << 30).has_value());
}

TEST_CASE("a heap that was full of small blocks serves a large one again") {
  // The bug: blocks were split and never merged. A ledger that had once been full of small results lost every large one from then on.
  BlockAllocator blocks{kCapacity};
  std::vector<std::uint64_t> small;
  while (const auto offset = blocks.allocate(64)) small.push_back(*offset);
  CHECK(small.size() == kCapacity / 64);
  std::ranges::shuffle(small, std::mt19937{2});
  for (const std::uint64_t offset : small) blocks.free(offset, 64);
  CHECK(blocks.used() == 0);
  CHECK(blocks.allocate(kCapacity) == 0);
}

TEST_CASE("whatever was freed in which order, all is one again") {
  BlockAllocator blocks{kCapacity + 4096 + 64 + 7};  // no power of two: what is left at the end cannot be merged with anything
  std::mt19937 random{3};
  std::vector<std::pair<std::uint64_t, std::uint64_t>> live;
  for (int round = 0; round < 50; ++round) {
    for (;;) {
      const std::uint64_t size = std::uint64_t{1} << (random() % 16);
      const auto offset = blocks.allocate(size);
      if (!offset) break;
      live.emplace_back(*offset, size);
    }
    std::ranges::shuffle(live, random);
    for (std::size_t left = round % 10 == 9 ? 0 : live.size() / 2; live.size() > left; live.pop_back())
      blocks.free(live.back().first, live.back().second);
  }
  CHECK(blocks.used() == 0);
  CHECK(blocks.allocate(kCapacity) == 0);
  CHECK(blocks.allocate(4096) == kCapacity);
  CHECK(blocks.allocate(64) == kCapacity + 4096);
  CHECK_FALSE(blocks.allocate(1));
}

TEST_CASE("a small block that was freed is the next of its size, and gives way when room is wanted that there is not otherwise") {
  BlockAllocator blocks{kCapacity};
  std::vector<std::uint64_t> small;
  for (int i = 0; i < 1'000; ++i) small.push_back(*blocks.allocate(200));
  blocks.free(small[500], 200);
  CHECK(blocks.used() == 999 * 256);
  CHECK(blocks.has(256));
  CHECK(blocks.allocate(100) != small[500]);  // of another size
  CHECK(blocks.allocate(256) == small[500]);
  CHECK(blocks.used() == 1'000 * 256 + 128);
  for (const std::uint64_t offset : small) blocks.free(offset, 200);
  CHECK_FALSE(blocks.has(kCapacity));  // that of 128 bytes is still in use
  CHECK(blocks.has(kCapacity / 2));
  CHECK(blocks.used() == 128);
}

TEST_CASE("a block that was adopted is merged when it is freed") {
  BlockAllocator books{kCapacity};
  REQUIRE(books.adopt(kCapacity / 2 + 64, 64));  // in any order
  REQUIRE(books.adopt(0, 100));
  CHECK_FALSE(books.adopt(64, 64));
  CHECK_FALSE(books.allocate(kCapacity / 2));
  books.free(0, 100);
  books.free(kCapacity / 2 + 64, 64);
  CHECK(books.allocate(kCapacity) == 0);
}

TEST_CASE("what is free in large blocks is told, and nothing else") {
  BlockAllocator blocks{kCapacity};
  std::vector<std::pair<std::uint64_t, std::uint64_t>> free;
  const auto look = [&](std::uint64_t smallest) {
    free.clear();
    blocks.each_free(smallest, [&](std::uint64_t offset, std::uint64_t size) { free.emplace_back(offset, size); });
    std::ranges::sort(free);
  };
  using Blocks = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  look(4'096);
  CHECK(free == Blocks{{0, kCapacity}});
  const auto small = blocks.allocate(100), large = blocks.allocate(kCapacity / 4);
  REQUIRE(small);
  REQUIRE(large);
  look(kCapacity / 8);
  CHECK(free == Blocks{{kCapacity / 8, kCapacity / 8}, {kCapacity / 2, kCapacity / 2}});
  blocks.free(*small, 100);
  look(kCapacity / 8);
  CHECK(free == Blocks{{0, kCapacity / 4}, {kCapacity / 2, kCapacity / 2}});
  blocks.free(*large, kCapacity / 4);
  look(64);
  CHECK(free == Blocks{{0, kCapacity}});
}
