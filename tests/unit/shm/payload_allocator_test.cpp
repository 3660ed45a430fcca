// Ranges of the payload memfd, and that freed pages go back to the system.
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <random>

#include "common/shm/payload_allocator.hpp"
#include "tests/unit/shm/pair.hpp"

namespace jobpool::shm {
namespace {

std::uint64_t resident_bytes(const SegmentFds& fds) {
  struct stat status {};
  REQUIRE(::fstat(fds.payload.get(), &status) == 0);
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;  // offset, length

// Where the first gap begins that has room for it, by looking at each of them.
std::optional<std::uint64_t> first_fit(Ranges live, std::uint64_t length) {
  const auto rounded = [](std::uint64_t bytes) { return (bytes + kPayloadAlignment - 1) / kPayloadAlignment * kPayloadAlignment; };
  std::ranges::sort(live);
  std::uint64_t start = 0;
  for (const auto& [offset, size] : live) {
    if (offset - start >= rounded(length)) return start;
    start = offset + rounded(size);
  }
  return kPayloadBytes - start >= rounded(length) ? std::optional{start} : std::nullopt;
}

}  // namespace

TEST_CASE("payloads are placed from low addresses, aligned, and a freed gap is used again") {
  PayloadAllocator payloads;
  CHECK(payloads.allocate(1) == 0u);
  CHECK(payloads.allocate(65) == 64u);
  CHECK(payloads.allocate(64) == 192u);
  payloads.free(64, 65);
  CHECK(payloads.allocate(129) == 256u);  // does not fit into the gap of 128
  CHECK(payloads.allocate(128) == 64u);
}

TEST_CASE("empty payloads take no room") {
  PayloadAllocator payloads;
  for (std::size_t i = 0; i < 2 * kSlots; ++i) CHECK(payloads.allocate(0) == 0u);
  CHECK(payloads.allocate(kPayloadBytes) == 0u);
  payloads.free(0, 0);
  CHECK(!payloads.allocate(1).has_value());
}

TEST_CASE("what does not fit is refused") {
  PayloadAllocator payloads;
  CHECK(!payloads.allocate(kPayloadBytes + 1).has_value());
  CHECK(!payloads.allocate(~std::uint64_t{0}).has_value());
  CHECK(payloads.allocate(kPayloadBytes - 64) == 0u);
  CHECK(!payloads.allocate(65).has_value());
  CHECK(payloads.allocate(64) == kPayloadBytes - 64);
}

TEST_CASE("a range found in flight is reserved only where it can be") {
  PayloadAllocator payloads;
  CHECK(payloads.reserve(128, 100));
  CHECK(!payloads.reserve(128, 1));
  CHECK(!payloads.reserve(192, 1));
  CHECK(!payloads.reserve(64, 65));
  CHECK(!payloads.reserve(32, 1));
  CHECK(!payloads.reserve(kPayloadBytes, 1));
  CHECK(!payloads.reserve(0, ~std::uint64_t{0}));
  CHECK(!payloads.reserve(~std::uint64_t{0} - 63, 128));
  CHECK(payloads.reserve(0, 0));
  CHECK(payloads.reserve(256, 64));
  CHECK(payloads.allocate(128) == 0u);
}

TEST_CASE("freeing what was not allocated aborts") {
  CHECK(aborts([] { PayloadAllocator{}.free(0, 1); }));
}

TEST_CASE("each of random allocations has the first gap that it fits in") {
  for (const std::uint64_t largest : {4 * kPayloadAlignment, kPayloadBytes / 6}) {
    CAPTURE(largest);
    std::mt19937 random(1);
    PayloadAllocator payloads;
    Ranges live;
    for (int round = 0; round < 20000; ++round) {
      if (live.size() == kSlots || (!live.empty() && random() % 2 == 0)) {
        const std::size_t victim = random() % 4 == 0 ? random() % live.size() : 0;  // mostly the oldest, as of jobs that end in turn
        payloads.free(live[victim].first, live[victim].second);
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(victim));
        continue;
      }
      const std::uint64_t length = 1 + random() % largest;
      if (random() % 8 == 0) {  // as what a broker inherits: anywhere
        const std::uint64_t place = random() % (kPayloadBytes / kPayloadAlignment) * kPayloadAlignment;
        if (payloads.reserve(place, length)) live.emplace_back(place, length);
        continue;
      }
      const auto offset = payloads.allocate(length);
      REQUIRE(offset == first_fit(live, length));
      if (offset) live.emplace_back(*offset, length);
    }
  }
}

TEST_CASE("gaps are what is not in use before an end") {
  PayloadAllocator payloads;
  const auto gaps = [&](std::uint64_t end) {
    Ranges all;
    payloads.each_gap(end, [&](std::uint64_t offset, std::uint64_t length) { all.emplace_back(offset, length); });
    return all;
  };
  CHECK(gaps(0).empty());
  CHECK(gaps(640) == Ranges{{0, 640}});
  for (int i = 0; i < 4; ++i) payloads.allocate(64);
  CHECK(gaps(256).empty());
  payloads.free(0, 64);
  payloads.free(128, 64);
  CHECK(gaps(640) == Ranges{{0, 64}, {128, 64}, {256, 384}});
  CHECK(gaps(150) == Ranges{{0, 64}, {128, 22}});
}

TEST_CASE("a large payload's pages go back to the system when no other comes for a while, small ones stay for the next") {
  Pair pair;
  const std::string large(8 * 1024 * 1024, 'x');
  const Sequence small_one = pair.offer(1, "small");
  const Sequence sequence = pair.offer(2, large);
  const Sequence neighbour = pair.offer(3, "neighbour");
  CHECK(resident_bytes(pair.fds) >= large.size());
  REQUIRE(pair.broker.revoke(sequence));
  CHECK_FALSE(pair.broker.keeps_unused());
  pair.broker.release(sequence);
  CHECK(pair.broker.keeps_unused());
  for (int i = 0; i < 9; ++i) pair.broker.give_back_unused();
  const Sequence another = pair.offer(4, large);
  REQUIRE(pair.broker.revoke(another));
  pair.broker.release(another);
  for (int i = 0; i < 9; ++i) pair.broker.give_back_unused();
  CHECK(pair.broker.keeps_unused());
  CHECK(resident_bytes(pair.fds) >= large.size());
  pair.broker.give_back_unused();
  CHECK_FALSE(pair.broker.keeps_unused());
  CHECK(resident_bytes(pair.fds) <= 64 * 1024);
  CHECK(pair.claim().payload == "small");
  CHECK(pair.claim().payload == "neighbour");
  CHECK(pair.worker.is_live(small_one));
  CHECK(pair.worker.is_live(neighbour));
}

}  // namespace jobpool::shm
