// Slips of the pen that once were something else: each is exit code 2, names what is meant, and asks no daemon.
#include "tests/support/catch.hpp"
#include "tests/unit/client/visit.hpp"

using namespace jobpool::testing;

namespace {

constexpr const char* kNobody = "/tmp/no/such/jobpool";

void check_usage(std::vector<std::string> words, const std::string& told) {
  const Finished finished = jobpool_at(kNobody, std::move(words));
  INFO(finished.err);
  CHECK(finished.exit_code == 2);
  CHECK(finished.out.empty());
  CHECK(finished.err.find(told) != std::string::npos);
}

}  // namespace

TEST_CASE("no word that is told writes to the terminal") {
  // The bug: some messages had the control characters of what they complained of.
  const std::string red = "\x1b[31m", shown = "\\x1b[31m";
  check_usage({"kill", "-s", red, "1"}, shown);
  check_usage({"get", red}, shown);
  check_usage({"wait", "--timeout", red, "1"}, shown);
  check_usage({"apply-async", "--at", red, "--", "true"}, shown);
  check_usage({"map", "--halt", red, "@f"}, shown);
  check_usage({"list", "--limit", red}, shown);
  check_usage({"list", "--state", red}, shown);
  check_usage({red}, shown);
  const std::vector<std::vector<std::string>> others{
      {"kill", "-s", red, "1"}, {"list", "--state", red + "\n"}, {"apply", "--stdin", "/no/" + red, "--", "true"}};
  for (const std::vector<std::string>& words : others) CHECK(jobpool_at(kNobody, words).err.find('\x1b') == std::string::npos);
}
