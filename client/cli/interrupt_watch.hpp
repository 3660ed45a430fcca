// Ctrl-C as an event: a thread that waits for SIGINT and calls back. Where SIGINT is ignored (nohup, background jobs of a script) it stays
// so.
#pragma once

#include <functional>
#include <thread>

#include "common/unique_fd.hpp"

namespace jobpool::cli {

class InterruptWatch {
 public:
  // In this thread, and in all that it starts from now on: one that comes before there is a watch is kept for it.
  static void block();

  // `on_interrupt` is called at the first one, in the watch's own thread; the second ends the process at once. Where no
  // thread is to be had, the first one does. Requires: block().
  explicit InterruptWatch(std::function<void()> on_interrupt);
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

 private:
  void watch(const std::function<void()>& on_interrupt) const;

  UniqueFd signals_, over_;
  std::thread thread_;
};

}  // namespace jobpool::cli
