// Points of time, read as people write them.
#include "client/cli/point_of_time.hpp"

#include <cstdlib>
#include <ctime>
#include <string>

#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

// A time zone for one test, by its rule: no zone files are needed.
class Zone {
 public:
  explicit Zone(const char* rule) {
    if (const char* given = std::getenv("TZ"); given != nullptr) before_ = given;
    ::setenv("TZ", rule, 1);
    ::tzset();
  }
  ~Zone() {
    if (before_.empty())
      ::unsetenv("TZ");
    else
      ::setenv("TZ", before_.c_str(), 1);
    ::tzset();
  }

 private:
  std::string before_;
};

constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";
constexpr std::int64_t kNoon = 1'795'521'600;  // 2026-11-24T12:00:00Z

// In seconds; -1: refused.
std::int64_t second_of(std::string_view text, std::int64_t now = kNoon) {
  const Result<std::int64_t> usec = parse_time(text, now * 1'000'000);
  if (usec) return *usec / 1'000'000;
  CHECK(usec.error().code == Errc::invalid_argument);
  CHECK(usec.error().text.find("'" + std::string{text} + "'") != std::string::npos);
  return -1;
}

}  // namespace

TEST_CASE("a date and a clock are a point of time, here or where the zone says") {
  const Zone zone(kBerlin);
  CHECK(second_of("2026-11-24T12:00Z") == kNoon);
  CHECK(second_of("2026-11-24T12:00:00Z") == kNoon);
  CHECK(second_of("2026-11-24T13:00") == kNoon);
  CHECK(second_of("2026-11-24 13:00:07") == kNoon + 7);
  CHECK(second_of("2026-11-24T17:30+05:30") == kNoon);
  CHECK(second_of("2026-11-24T07:00-05:00") == kNoon);
  CHECK(second_of("2026-07-01T14:00") == second_of("2026-07-01T12:00Z"));  // summer
  CHECK(second_of("2028-02-29T00:00Z") == 1'835'395'200);
  CHECK(second_of("1970-01-01T00:00Z") == 0);
}

TEST_CASE("an hour that the clock skips in spring is the next one") {
  const Zone zone(kBerlin);
  CHECK(second_of("2026-03-29T02:30") == second_of("2026-03-29T01:30Z"));
}

TEST_CASE("a clock alone is the next such time, across midnight and the change of the clocks") {
  const Zone zone(kBerlin);  // 13:00 now
  CHECK(second_of("18:00") == kNoon + 5 * 3'600);
  CHECK(second_of("13:00:01") == kNoon + 1);
  CHECK(second_of("13:00") == kNoon + 24 * 3'600);
  CHECK(second_of("12:59:59") == kNoon + 24 * 3'600 - 1);
  const std::int64_t eve = second_of("2026-03-28T12:00");
  CHECK(second_of("11:00", eve) == eve + 22 * 3'600);  // that night has an hour less
  CHECK(second_of("00:00", second_of("2026-12-31T23:59")) == second_of("2027-01-01T00:00"));
}

TEST_CASE("a clock alone that has begun is tomorrow's") {
  const Zone zone("UTC0");
  CHECK(*parse_time("12:00", kNoon * 1'000'000 - 1) == kNoon * 1'000'000);
  CHECK(*parse_time("12:00", kNoon * 1'000'000 + 1) == (kNoon + 24 * 3'600) * 1'000'000);
}

TEST_CASE("seconds since 1970 may have decimals") {
  CHECK(second_of("@0") == 0);
  CHECK(second_of("@1795521600") == kNoon);
  CHECK(*parse_time("@1795521600.25", 0) == kNoon * 1'000'000 + 250'000);
}

TEST_CASE("what is no time is refused by name") {
  const Zone zone(kBerlin);
  for (const char* text : {"",
                           "now",
                           "tomorrow",
                           "18",
                           "1800",
                           "6pm",
                           "24:00",
                           "18:60",
                           "18:00:60",
                           "8:00",
                           "18:00:0",
                           "18:00Z",
                           "18:00 ",
                           " 18:00",
                           "-18:00",
                           "2026-11-24",
                           "2026-11-24T",
                           "2026-11-24T18",
                           "2026-11-24t18:00",
                           "2026-13-01T18:00",
                           "2026-00-01T18:00",
                           "2026-11-31T18:00",
                           "2026-02-29T18:00",
                           "26-11-24T18:00",
                           "2026-11-24T18:00z",
                           "2026-11-24T18:00+1",
                           "2026-11-24T18:00+01",
                           "2026-11-24T18:00+24:00",
                           "2026-11-24T18:00Z ",
                           "2026/11/24T18:00",
                           "2200-01-01T00:00Z",
                           "1969-12-31T23:00Z",
                           "1970-01-01T00:30",
                           "@",
                           "@-1",
                           "@1e9",
                           "@x",
                           "@inf",
                           "@nan",
                           "@99999999999",
                           "@1 "})
    CHECK(second_of(text) == -1);
}
