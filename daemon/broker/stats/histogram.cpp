// See histogram.hpp.
#include "daemon/broker/stats/histogram.hpp"

#include <algorithm>
#include <bit>

namespace jobpool::broker {

std::size_t Histogram::bucket_of(std::uint64_t usec) {
  if (usec < kPerDoubling) return usec;
  const unsigned doubling = static_cast<unsigned>(std::bit_width(usec)) - 1;
  const std::size_t bucket = kPerDoubling * (doubling - kFirstDoubling + 1) + ((usec >> (doubling - kFirstDoubling)) % kPerDoubling);
  return std::min(bucket, kBuckets - 1);
}

std::uint64_t Histogram::largest_in(std::size_t bucket) {
  if (bucket < kPerDoubling) return bucket;
  const std::size_t doubling = bucket / kPerDoubling - 1;
  return ((std::uint64_t{kPerDoubling} + bucket % kPerDoubling + 1) << doubling) - 1;
}

void Histogram::add(Microseconds time) {
  const auto usec = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
  ++counts_[bucket_of(usec)];
  ++count_;
  sum_usec_ += usec;
  min_usec_ = std::min(min_usec_, usec);
  max_usec_ = std::max(max_usec_, usec);
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_usec_ += other.sum_usec_;
  min_usec_ = std::min(min_usec_, other.min_usec_);
  max_usec_ = std::max(max_usec_, other.max_usec_);
}

Microseconds Histogram::quantile(std::uint64_t hundredths) const {
  const std::uint64_t rank = (count_ * hundredths + 99) / 100;
  std::uint64_t passed = 0;
  std::size_t bucket = 0;
  while (bucket + 1 < kBuckets && passed + counts_[bucket] < rank) passed += counts_[bucket++];
  const std::uint64_t usec = bucket + 1 == kBuckets ? max_usec_ : largest_in(bucket);
  return Microseconds{static_cast<std::int64_t>(std::clamp(usec, min_usec_, max_usec_))};
}

// Doubling from 16 µs to 16.8 s, then fourfold up to 19 h.
std::array<Microseconds, Histogram::kBounds> Histogram::bounds() {
  std::array<Microseconds, kBounds> bounds;
  unsigned power = kFirstDoubling;
  for (Microseconds& bound : bounds) {
    bound = Microseconds{std::int64_t{1} << power};
    power += power < 24 ? 1 : 2;
  }
  return bounds;
}

std::array<std::uint64_t, Histogram::kBounds + 1> Histogram::between_bounds() const {
  std::array<std::uint64_t, kBounds + 1> between{};
  const auto bounds = Histogram::bounds();
  std::size_t bucket = 0;
  for (std::size_t i = 0; i < kBounds; ++i)
    for (const std::size_t end = bucket_of(static_cast<std::uint64_t>(bounds[i].count())); bucket < end; ++bucket)
      between[i] += counts_[bucket];
  for (; bucket < kBuckets; ++bucket) between[kBounds] += counts_[bucket];
  return between;
}

Histogram::Summary Histogram::summary() const {
  if (count_ == 0) return {};
  const auto time = [](std::uint64_t usec) { return Microseconds{static_cast<std::int64_t>(usec)}; };
  return {count_, time(sum_usec_ / count_), time(min_usec_), time(max_usec_), quantile(50), quantile(90), quantile(99)};
}

}  // namespace jobpool::broker
