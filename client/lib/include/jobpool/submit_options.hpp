// When a job runs, how often, and what it outlives: given to Pool::with, for functions and commands alike. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace jobpool {

// What a submission does that finds the pool's queue full.
enum class IfFull {
  fail,   // QueueFull
  block,  // waits for room
};

struct SubmitOptions {
  // True: on disk before the call returns, so that the job outlives the daemon and the host. Absent: apply_async is, apply is not, and
  // neither is a command with descriptors of the caller; to ask for that is InvalidCall.
  std::optional<bool> durable = {};
  int priority = 0;                                              // -1000 to 1000; higher first
  std::chrono::microseconds delay{0};                            // waited for first, at most ten years
  std::optional<std::chrono::system_clock::time_point> at = {};  // started no earlier; not together with a delay
  std::vector<std::uint64_t> after = {};                         // jobs that must succeed first, else this one is `skipped`
  std::vector<std::uint64_t> after_any = {};                     // jobs that must have ended first, however
  std::vector<std::uint64_t> after_failed = {};                  // jobs that must have ended first, and badly; of all three 10,000 at most
  int retries = 0;                                               // more attempts when one does not succeed, at most 10,000
  std::chrono::microseconds backoff{1'000'000};                  // before the first retry; doubles each time, up to an hour
  std::chrono::microseconds timeout{0};                          // of one attempt, from its start; 0: none
  std::optional<IfFull> if_full = {};                            // absent: apply_async fails, apply blocks
  // The same key with the same submission is the same job, whoever submits it; with another one it is KeyConflict. What a command inherits
  // of its caller's environment makes no other submission. Empty: each submission is a job of its own.
  std::string key = {};
};

}  // namespace jobpool
