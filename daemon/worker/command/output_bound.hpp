// How much a command may write to the files that the daemon keeps its output in: what the configuration says (output_limit_bytes), and
// never more than its disk has left, where everybody's jobs are recorded too. Not by RLIMIT_FSIZE, which would hit every file that it
// writes. Worker process, its one thread. The worker looks from time to time, and the less often, the more room there is.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/clock.hpp"
#include "daemon/worker/command/streams.hpp"

namespace jobpool::worker {

struct OutputVerdict {
  std::string excess;                   // why the command has to be stopped; empty: it need not
  std::chrono::milliseconds next_look;  // when it could be too much at the earliest, but for the quickest disks
};
OutputVerdict judge_output(const OutputUse& use, std::uint64_t limit);

class OutputBound {
 public:
  static constexpr std::uint64_t kNoLimit = UINT64_MAX;

  // `streams` must outlive this.
  OutputBound(const Streams& streams, std::uint64_t limit);

  // When to look; nullopt: never, it writes to no file of ours.
  std::optional<TimePoint> due() const { return due_; }
  // Looks, if that is due. As OutputVerdict::excess.
  std::string look();

 private:
  const Streams& streams_;
  std::uint64_t limit_;
  std::optional<TimePoint> due_;
};

}  // namespace jobpool::worker
