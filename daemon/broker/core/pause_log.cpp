// See pause_log.hpp.
#include "daemon/broker/core/pause_log.hpp"

#include <algorithm>
#include <limits>

namespace jobpool::broker {
namespace {

constexpr std::int64_t kOpen = std::numeric_limits<std::int64_t>::max();

}  // namespace

void PauseLog::pause(std::int64_t at_usec) {
  if (!pauses_.empty() && pauses_.back().end == kOpen) return;
  // The wall clock may have been set back: they stay in order.
  const std::int64_t begin = pauses_.empty() ? at_usec : std::max(at_usec, pauses_.back().end);
  pauses_.push_back({begin, kOpen});
  if (pauses_.size() > kKept) pauses_.pop_front();
}

void PauseLog::resume(std::int64_t at_usec) {
  if (pauses_.empty() || pauses_.back().end != kOpen) return;
  pauses_.back().end = std::max(at_usec, pauses_.back().begin);
}

void PauseLog::each_within(std::int64_t begin_usec, std::int64_t end_usec, function_ref<void(std::int64_t, std::int64_t)> visit) const {
  auto first = std::ranges::upper_bound(pauses_, begin_usec, {}, &Pause::end);
  for (; first != pauses_.end() && first->begin < end_usec; ++first) {
    const std::int64_t begin = std::max(first->begin, begin_usec), end = std::min(first->end, end_usec);
    if (begin < end) visit(begin, end);
  }
}

}  // namespace jobpool::broker
