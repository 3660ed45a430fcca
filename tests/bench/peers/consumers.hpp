// Forked processes that consume a peer's jobs, and the count of what they have done: how the bench knows that all are done, without asking
// the peer.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <vector>

#include "common/unique_fd.hpp"

namespace jobpool::bench {

class Consumers {
 public:
  // Each runs `consume` for ever, which calls the function it is given once for each job done. Requires: the caller has one thread.
  Consumers(int count, const std::function<void(const std::function<void()>& one_done)>& consume);
  ~Consumers();
  Consumers(const Consumers&) = delete;
  Consumers& operator=(const Consumers&) = delete;

  // So many are to be done; to be said before they are submitted, while none is under way. Jobs that nobody expected ring no bell.
  void expect(long jobs);
  // Until all expected are.
  void wait() const;

  const std::vector<pid_t>& pids() const { return pids_; }

 private:
  struct Tally {
    std::atomic<long> left{0};
  };
  Tally* tally_;  // shared with the children
  UniqueFd bell_;
  std::vector<pid_t> pids_;
};

}  // namespace jobpool::bench
