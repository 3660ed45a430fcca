// Points of time by the wall clock.
#include "daemon/broker/server/wall_timer.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "common/clock.hpp"
#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

// What the kernel says of our timers of the wall clock: only Asio has others.
std::string kernels_words_of_wall_timers() {
  std::string all;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (text.find("clockid: " + std::to_string(CLOCK_REALTIME) + "\n") != std::string::npos) all += text;
  }
  return all;
}

}  // namespace

TEST_CASE("a timer of the wall clock calls back once at its time, and may be set anew") {
  asio::io_context io;
  int calls = 0;
  std::int64_t at = 0;
  WallTimer* self = nullptr;
  auto timer = WallTimer::make(io, [&] {
    CHECK(wall_usec() >= at);
    if (++calls == 1) return self->set(at = 1);  // long past: at once
    io.stop();
  });
  REQUIRE(timer);
  self = &*timer;
  timer->set(wall_usec() + 3'600'000'000);
  timer->set(at = wall_usec() + 2'000);
  io.run();
  CHECK(calls == 2);
  io.restart();
  io.poll();
  CHECK(calls == 2);
}

TEST_CASE("a timer of the wall clock is one that the kernel looks at anew when that is set") {
  // The bug: the time until then was waited for by the steady clock, which neither a sleeping host nor a clock that is set moves on.
  asio::io_context io;
  auto timer = WallTimer::make(io, [] {});
  REQUIRE(timer);
  timer->set(wall_usec() + 3'600'000'000);
  const std::string words = kernels_words_of_wall_timers();
  CHECK(words.find("settime flags: 01") != std::string::npos);  // TFD_TIMER_ABSTIME
}
