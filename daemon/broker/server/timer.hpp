// Calls back once at a time, unless set anew, cancelled or destroyed before. Broker process, its one thread.
#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <memory>

#include "common/clock.hpp"

namespace jobpool::broker {

class Timer {
 public:
  explicit Timer(asio::io_context& io);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  // Replaces what was set before. The callback may set the timer anew or destroy it.
  void set(TimePoint when, std::function<void()> callback);
  void cancel();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the wait under way
};

}  // namespace jobpool::broker
