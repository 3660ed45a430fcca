// How the heap of a broker grows: by little, and from where it is large on by steps of huge pages.
#include "daemon/broker/heap.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"

namespace jobpool::broker {
namespace {

constexpr std::size_t kBlock = 600;  // about what a queued job takes

// "hg" among them: it was said to be large.
bool is_huge(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  bool is_inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    char dash = 0;
    std::istringstream range(line);
    if (range >> std::hex >> begin >> dash >> end && dash == '-') is_inside = begin <= at && at < end;
    if (is_inside && line.starts_with("VmFlags:")) return line.find(" hg") != std::string::npos;
  }
  return false;
}

// Whether this kernel has huge pages to ask for.
bool has_huge_pages() {
  constexpr std::size_t kBytes = 4 * 1024 * 1024;
  void* const room = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(room != MAP_FAILED);
  const bool has = ::madvise(room, kBytes, MADV_HUGEPAGE) == 0 && is_huge(room);
  ::munmap(room, kBytes);
  return has;
}

// A heap that grows as a broker's does, which looks at it once a turn.
class Growing {
 public:
  // How often it became larger. Blocks are never read: that they are there is all.
  int by(std::size_t bytes) {
    int steps = 0;
    for (std::size_t taken = 0; taken < bytes; taken += kBlock) {
      const void* const before = ::sbrk(0);
      blocks_.push_back(std::make_unique<std::byte[]>(kBlock));
      if (::sbrk(0) != before) ++steps;
      if (blocks_.size() % 64 == 0) heap_.look();
    }
    heap_.look();
    return steps;
  }
  // All blocks are free, and nothing happens for a while.
  void let_rest() {
    blocks_ = Blocks();
    for (int calls = 0; calls < Heap::kPatience; ++calls) heap_.rest();
  }
  bool has_spare() const { return heap_.has_spare(); }
  // That which was the last one so many bytes ago.
  const std::byte* block_before(std::size_t bytes) const { return blocks_[blocks_.size() - 1 - bytes / kBlock].get(); }

 private:
  using Blocks = std::vector<std::unique_ptr<std::byte[]>>;

  Heap heap_;
  Blocks blocks_;
};

// Each in a process of its own: limits of the heap are the process's.
TEST_CASE("the heap of a broker with few jobs grows by little, and has ordinary pages") {
  Growing heap;
  CHECK(heap.by(Heap::kLarge / 2) > 20);
  CHECK_FALSE(is_huge(heap.block_before(0)));
}

TEST_CASE("the heap of a broker with very many jobs grows by large steps, of huge pages where there are any") {
  Growing heap;
  heap.by(Heap::kLarge + Heap::kStep);
  const int steps = heap.by(4 * Heap::kStep);
  CHECK(steps >= 3);
  CHECK(steps <= 6);
  CHECK(is_huge(heap.block_before(Heap::kStep)) == has_huge_pages());
}

TEST_CASE("what very many jobs leave behind goes back to the system once no more come") {
  // The bug: of the last step up to 16 MiB stayed, for as long as the broker lived.
  const char* const begin = static_cast<const char*>(::sbrk(0));
  Growing heap;
  heap.by(4 * Heap::kStep);
  REQUIRE(heap.has_spare());
  heap.let_rest();
  CHECK_FALSE(heap.has_spare());
  CHECK(static_cast<const char*>(::sbrk(0)) - begin < 1024 * 1024);
  heap.by(2 * Heap::kStep);
  CHECK(heap.has_spare());
}

}  // namespace
}  // namespace jobpool::broker
