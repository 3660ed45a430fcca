// The seeded source of every choice of a schedule. The same seed makes the same schedule, with any compiler and library.
#pragma once

#include <cstddef>
#include <cstdint>

namespace jobpool::simulation {

class Choices {
 public:
  explicit Choices(std::uint64_t seed) : state_(seed) {}

  // SplitMix64: neighbouring seeds give unrelated numbers.
  std::uint64_t next() {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
  }
  // Requires: bound > 0.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(((next() >> 32) * bound) >> 32); }
  std::size_t between(std::size_t first, std::size_t last) { return first + below(last - first + 1); }
  bool one_in(std::size_t chances) { return below(chances) == 0; }
  // Requires: not empty.
  template <class Sequence>
  auto& one_of(Sequence& all) {
    return all[below(all.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace jobpool::simulation
