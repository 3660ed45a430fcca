// The worker's command line.
#include "daemon/worker/arguments.hpp"

#include "tests/support/catch.hpp"

namespace jobpool::worker {
namespace {

Result<Arguments> parse(const std::vector<std::string>& words) { return parse_arguments(words); }

TEST_CASE("all options are read, and plugin directories keep their order") {
  const auto arguments = parse({"--number", "3", "--incarnation", "12", "--instance", "abc", "--socket", "/run/s", "--log-level", "debug",
                                "--plugin-dir", "/b", "--plugin-dir", "/a", "--output-limit-bytes", "5", "--cgroup", "/sys/fs/cgroup/x"});
  REQUIRE(arguments);
  CHECK(arguments->number.value == 3);
  CHECK(arguments->incarnation.value == 12);
  CHECK(arguments->instance == "abc");
  CHECK(arguments->socket == "/run/s");
  CHECK(arguments->log_level == "debug");
  CHECK(arguments->plugin_dirs == std::vector<std::string>{"/b", "/a"});
  CHECK(arguments->output_limit == 5);
  CHECK(arguments->cgroup == "/sys/fs/cgroup/x");
}

TEST_CASE("a spare worker has no number, and keeps what it knows when it is told its place") {
  const auto spare = parse({"--instance", "abc", "--socket", "/run/s", "--plugin-dir", "/a"});
  REQUIRE(spare);
  CHECK(spare->number.value == 0);
  const auto placed = parse_arguments(std::vector<std::string>{"--number", "3", "--incarnation", "12"}, *spare);
  REQUIRE(placed);
  CHECK(placed->number.value == 3);
  CHECK(placed->incarnation.value == 12);
  CHECK(placed->socket == "/run/s");
  CHECK(placed->plugin_dirs == std::vector<std::string>{"/a"});
}

TEST_CASE("an unknown option, a missing value and a number that is none are refused by name") {
  CHECK_FALSE(parse({}));
  CHECK_FALSE(parse({"--number", "3"}));
  const auto unknown = parse({"--number", "3", "--instance", "i", "--colour", "red"});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().text.find("--colour") != std::string::npos);
  CHECK_FALSE(parse({"--instance", "i", "--number"}));
  for (const char* number : {"", "0", "-1", "3x", "99999999999999999999"}) CHECK_FALSE(parse({"--instance", "i", "--number", number}));
}

}  // namespace
}  // namespace jobpool::worker
