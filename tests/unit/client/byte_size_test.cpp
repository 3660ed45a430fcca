// Sizes of memory, read and shown.
#include "client/cli/byte_size.hpp"

#include <vector>

#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::cli;

TEST_CASE("sizes are read as people write them") {
  const std::vector<std::pair<std::string, std::int64_t>> cases{
      {"0", 0}, {"4096", 4096}, {"1K", 1024}, {"512m", 512 << 20}, {"1.5G", 1'610'612'736}, {"2T", std::int64_t{2} << 40}};
  for (const auto& [text, expected] : cases) {
    INFO(text);
    const auto size = parse_byte_size(text);
    REQUIRE(size);
    CHECK(*size == expected);
  }
}

TEST_CASE("what is no size is refused by name") {
  for (const char* text : {"", "M", "1X", "-1", "1 M", "1MB", "1.2.3", ".", "1e3", "inf", "0x10", "99999999T", "+5"}) {
    INFO(text);
    const auto size = parse_byte_size(text);
    REQUIRE_FALSE(size);
    CHECK(size.error().code == Errc::invalid_argument);
    CHECK(size.error().text.find(std::string{"'"} + text + "'") != std::string::npos);
  }
}

TEST_CASE("sizes are shown in the largest unit that says enough") {
  CHECK(show_byte_size(0) == "0");
  CHECK(show_byte_size(1023) == "1023");
  CHECK(show_byte_size(4 << 20) == "4M");
  CHECK(show_byte_size(1'610'612'736) == "1.5G");
}
