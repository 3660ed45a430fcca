// Durations counted in a fixed number of buckets: what many took, in constant time and space, with an error of at most one sixteenth.
// Pure. Whoever counts adds; whoever asks has a summary.
#pragma once

#include <array>
#include <cstdint>

#include "common/clock.hpp"

namespace jobpool::broker {

class Histogram {
 public:
  // Counts one. A negative one (of two clocks) is none.
  void add(Microseconds time);
  void add(const Histogram& other);

  struct Summary {
    std::uint64_t count = 0;
    Microseconds mean{0}, min{0}, max{0};
    Microseconds p50{0}, p90{0}, p99{0};  // so many of a hundred took at most that long
  };
  Summary summary() const;

  // Coarser, for whoever collects them: for each bound how many took less than that and not less than the one before, and last, how many
  // took longer than all of them. The bounds are those of our own buckets: nothing is guessed.
  static constexpr std::size_t kBounds = 27;
  static std::array<Microseconds, kBounds> bounds();
  std::array<std::uint64_t, kBounds + 1> between_bounds() const;
  std::uint64_t sum_usec() const { return sum_usec_; }

 private:
  // Below 16 µs a bucket for each; above, sixteen for each doubling, up to 2^42 µs: fifty days. What is longer is in the last.
  static constexpr unsigned kPerDoubling = 16, kFirstDoubling = 4, kDoublings = 38;
  static constexpr std::size_t kBuckets = kPerDoubling * (kDoublings + 1);
  static std::size_t bucket_of(std::uint64_t usec);
  static std::uint64_t largest_in(std::size_t bucket);
  Microseconds quantile(std::uint64_t hundredths) const;

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0, sum_usec_ = 0, min_usec_ = UINT64_MAX, max_usec_ = 0;
};

}  // namespace jobpool::broker
