// Signals by name and number.
#include "client/cli/signal_name.hpp"

#include <csignal>

#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::cli;

TEST_CASE("a signal is named in any usual way") {
  for (const char* text : {"TERM", "SIGTERM", "term", "sigterm", "15"}) {
    INFO(text);
    const Result<int> signal = parse_signal(text);
    REQUIRE(signal);
    CHECK(*signal == SIGTERM);
  }
  CHECK(*parse_signal("RTMIN+2") == SIGRTMIN + 2);
  CHECK(*parse_signal("64") == 64);
}

TEST_CASE("what is no signal is refused by name") {
  for (const char* text : {"", "0", "65", "-9", "NOSUCH", "SIG", "RTMIN+99", "RTMIN+", "9x"}) {
    INFO(text);
    CHECK_FALSE(parse_signal(text));
  }
}

TEST_CASE("a number is shown by its name where it has one") {
  CHECK(signal_name(9) == "KILL");
  CHECK(signal_name(63) == "63");
  CHECK(signal_name(-1) == "-1");
}
