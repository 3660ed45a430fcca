// The line of --bar.
#include "client/cli/progress_bar.hpp"

#include "tests/support/catch.hpp"

using namespace jobpool::cli;
using namespace std::chrono_literals;

TEST_CASE("the bar has the share, the rate and the time that is left, where the total is known") {
  CHECK(progress_line(50, 0, 200, 10s, 80) == "25% [#####               ] 50/200  5.0/s  ETA 30.0s");
  CHECK(progress_line(200, 3, 200, 10s, 80) == "100% [####################] 200/200  20/s  3 failed");
  CHECK(progress_line(0, 0, 200, 0s, 80) == "0% [                    ] 0/200  0.0/s");
}

TEST_CASE("the bar has the rate alone where nobody knows the total") {
  CHECK(progress_line(2'000'000, 0, std::nullopt, 10s, 80) == "2000000  200k/s");
  CHECK(progress_line(0, 0, 0, 1s, 80) == "0/0  0.0/s");
}

TEST_CASE("the bar keeps to the terminal's width") {
  CHECK(progress_line(50, 0, 200, 10s, 10) == "25% [####");
  CHECK(progress_line(50, 0, 200, 10s, 0).empty());
}
