// Strong ids: two ids are two types, so that a worker's number is never taken for a job's.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace jobpool {

template <class Tag, class Number = std::uint64_t>
struct Id {
  Number value = 0;
  friend auto operator<=>(const Id&, const Id&) = default;
};

using JobId = Id<struct JobTag>;                       // small, ascending, never reused; 0 = none
using PoolNumber = Id<struct PoolTag, std::uint16_t>;  // 0 = the pool "default"; a deleted pool's is given out again when no job names it
using WorkerNumber =
    Id<struct WorkerTag, std::uint32_t>;        // 1…n, a place in the house, of whichever pool; the next incarnation takes the same
using Incarnation = Id<struct IncarnationTag>;  // one life of one worker process; never reused within an instance
using Sequence = Id<struct SequenceTag>;        // one offer to one incarnation; 56 bits, ascending, never reused

inline constexpr std::uint32_t kMaxWorkers = 4096;  // of all pools together: each has a dozen descriptors in the supervisor

}  // namespace jobpool

template <class Tag, class Number>
struct std::hash<jobpool::Id<Tag, Number>> {
  std::size_t operator()(jobpool::Id<Tag, Number> id) const noexcept { return std::hash<Number>{}(id.value); }
};
