// A thread that sleeps on the bell as one of a worker does, until it is rung; ended by the test or by the destructor.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>
#include <functional>
#include <thread>
#include <utility>

#include "tests/support/asleep.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/shm/pair.hpp"

namespace jobpool::shm {

class Sleeper {
 public:
  explicit Sleeper(
      Pair& pair, std::uint32_t thread = 0, std::function<void()> woken = [] {})
      : pair_(pair), number_(thread), woken_(std::move(woken)) {
    const std::uint32_t others = pair_.bare.control->sleeping.load();
    thread_ = std::thread([this] { run(); });
    // Not only announced but in the kernel: state S of the thread.
    REQUIRE(testing::wait_until([&] { return pair_.bare.control->sleeping.load() == others + 1 && testing::is_asleep(tid_); }));
  }
  ~Sleeper() { finish(); }
  void finish() {
    if (!thread_.joinable()) return;
    pair_.bare.control->bell.fetch_add(1);
    ::syscall(SYS_futex, &pair_.bare.control->bell, 1, INT_MAX, nullptr, nullptr, 0);
    thread_.join();
  }

 private:
  void run() {
    tid_ = static_cast<int>(::syscall(SYS_gettid));
    pair_.worker.wait(number_);
    woken_();
  }

  Pair& pair_;
  const std::uint32_t number_;
  const std::function<void()> woken_;
  std::atomic<int> tid_{0};
  std::thread thread_;
};

}  // namespace jobpool::shm
