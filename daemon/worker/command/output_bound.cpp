// The judgement, and when it is due; see the header.
#include "daemon/worker/command/output_bound.hpp"

#include <algorithm>

namespace jobpool::worker {
namespace {

constexpr std::uint64_t kMebibyte = 1 << 20;
// So much is no command's fault, however full the disk is.
constexpr std::uint64_t kNeverTooMuch = 64 * kMebibyte;
// Faster than disks take output for long.
constexpr std::uint64_t kBytesPerMillisecond = kMebibyte;
// A limit is not so strict that a quick command would have to be woken for, a disk that is nearly full is.
constexpr std::chrono::milliseconds kSoonestForLimit{1000}, kSoonestForDisk{50}, kLatest{60'000};

// When there could be so much more.
std::chrono::milliseconds time_for(std::uint64_t bytes, std::chrono::milliseconds soonest) {
  const auto latest = static_cast<std::uint64_t>(kLatest.count());
  return std::max(soonest, std::chrono::milliseconds{std::min(bytes / kBytesPerMillisecond, latest)});
}

}  // namespace

OutputVerdict judge_output(const OutputUse& use, std::uint64_t limit) {
  if (use.written > limit) return {"its output grew beyond output_limit_bytes, which is " + std::to_string(limit), kLatest};
  // What it has written and what is left are halves: several that write at once leave a share of theirs as well.
  const std::uint64_t share = std::max(use.written / 2 + use.free / 2, kNeverTooMuch);
  if (use.written > share)
    return {"its output, " + std::to_string(use.written / kMebibyte) + " MiB, grew beyond what the daemon's disk has left, " +
                std::to_string(use.free / kMebibyte) + " MiB",
            kLatest};
  return {{}, std::min(time_for(limit - use.written, kSoonestForLimit), time_for(share - use.written, kSoonestForDisk))};
}

OutputBound::OutputBound(const Streams& streams, std::uint64_t limit) : streams_(streams), limit_(limit) {
  if (streams_.keeps_output()) due_ = Clock::now() + kSoonestForDisk;
}

std::string OutputBound::look() {
  const TimePoint now = Clock::now();
  if (!due_ || now < *due_) return {};
  OutputVerdict verdict = judge_output(streams_.output_use(), limit_);
  due_ = now + verdict.next_look;
  return std::move(verdict.excess);
}

}  // namespace jobpool::worker
