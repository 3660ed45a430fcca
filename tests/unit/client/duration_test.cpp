// Durations, read and shown.
#include "client/cli/duration.hpp"

#include <vector>

#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::cli;
using namespace std::chrono_literals;

TEST_CASE("durations are read as people write them") {
  const std::vector<std::pair<std::string, Microseconds>> cases{
      {"10", 10s}, {"0", 0s},       {"1.5m", 90s}, {"1h30m", 90min},         {"500ms", 500ms},
      {"2d", 48h}, {"0.25", 250ms}, {"3us", 3us},  {"1m500ms", 60s + 500ms}, {".5s", 500ms}};
  for (const auto& [text, expected] : cases) {
    INFO(text);
    const Result<Microseconds> parsed = parse_duration(text);
    REQUIRE(parsed);
    CHECK(parsed->count() == expected.count());
  }
}

TEST_CASE("what is no duration is refused by name") {
  for (const char* text : {"", "s", "1x", "-1", "1 s", "30m1h", "1h1h", "1h30", "1.2.3", ".", "1e3", "inf", "nan", "5ss", "+5"}) {
    INFO(text);
    const Result<Microseconds> parsed = parse_duration(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Errc::invalid_argument);
    CHECK(parsed.error().text.find(std::string{"'"} + text + "'") != std::string::npos);
  }
}

TEST_CASE("a duration that the protocol cannot carry is a slip") {
  CHECK(parse_duration("3650d"));
  CHECK_FALSE(parse_duration("3651d"));
  CHECK_FALSE(parse_duration("99999999999999999999999999"));
}

TEST_CASE("durations are shown with three digits or two units") {
  CHECK(show_duration(850us) == "850us");
  CHECK(show_duration(12300us) == "12.3ms");
  CHECK(show_duration(4210ms) == "4.21s");
  CHECK(show_duration(185s) == "3m05s");
  CHECK(show_duration(127min) == "2h07m");
  CHECK(show_duration(76h) == "3d04h");
}
