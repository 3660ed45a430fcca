// The floor of `apply`: client -> Unix socket -> daemon (epoll) -> shared slot and futex -> worker -> eventfd -> daemon -> socket ->
// client. Only the wake-ups and copies that the design cannot do without: nothing is parsed, nothing is kept, one call at a time.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "common/unique_fd.hpp"

namespace jobpool::bench {

class BareChain {
 public:
  using Work = std::function<void()>;
  // Forks its daemon and its worker. `prepare` is called in the worker, and what it returns is done at each call; without it, nothing.
  // Requires: the caller has one thread.
  explicit BareChain(const std::function<Work()>& prepare = {});
  ~BareChain();
  BareChain(const BareChain&) = delete;
  BareChain& operator=(const BareChain&) = delete;

  // One round trip of `message`.
  void call(const std::string& message);

 private:
  UniqueFd client_;
  pid_t daemon_ = -1, worker_ = -1;
};

}  // namespace jobpool::bench
