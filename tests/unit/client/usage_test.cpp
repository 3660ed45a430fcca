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

TEST_CASE("a key or a name that is not UTF-8 is refused") {
  // The bug: "caf\xe9" and "caf\xe8" were one key, since both became another one on their way.
  for (const std::string& key : {std::string{"caf\xe9"}, std::string{"caf\xe8"}, std::string(200, 'k')}) {
    check_usage({"apply-async", "--unique", key, "--", "true"}, "option --unique: a key has 1 to 128 bytes of UTF-8");
    check_usage({"retry", "--unique", key, "1"}, "option --unique: a key has 1 to 128 bytes of UTF-8");
  }
  for (const char* verb : {"apply", "apply-async", "map"}) check_usage({verb, "@caf\xe9"}, "UTF-8");
  check_usage({"pool", "create", "a", "--init", "@caf\xe9"}, "UTF-8");
}

TEST_CASE("what is no pool's name is refused by every verb of pools") {
  // The bug: the daemon refused it, with exit code 125 and the name of a parameter.
  for (const char* name : {"", "two words", "caf\xe9"}) {
    check_usage({"pool", "show", name}, "is no pool's name");
    check_usage({"pool", "resize", name, "3"}, "is no pool's name");
    check_usage({"terminate", name}, "is no pool's name");
    check_usage({"join", name}, "is no pool's name");
  }
}

TEST_CASE("the key of a map has room for its items' numbers and a function's chunks have one size") {
  // The bug: each item was refused by itself; and the same map was cut otherwise the next time, met its own keys and broke off.
  check_usage({"map", "--unique", std::string(105, 'k'), "--", "true", ":::", "1"}, "the key of a map has 104 bytes at most");
  check_usage({"map", "--unique", "k", "@f", ":::", "1"}, "--unique needs -n with a function");
  for (const auto& how : {std::vector<std::string>{"-n", "2"}, {"--timeout", "1s"}, {"--async"}}) {
    std::vector<std::string> words{"map", "--unique", "k", "@f", ":::", "1"};
    words.insert(words.begin() + 1, how.begin(), how.end());
    CHECK(jobpool_at(kNobody, words).exit_code == 125);  // nobody listens there
  }
}

TEST_CASE("a grace of more than a day is refused") {
  // The bug: the daemon refused it, with exit code 125 and the name of a parameter.
  check_usage({"apply", "--grace", "2d", "--", "true"}, "option --grace: '2d' is longer than 1d00h");
  check_usage({"process", "start", "--grace", "24h1us", "--", "true"}, "option --grace: ");
  CHECK(jobpool_at(kNobody, {"apply", "--grace", "24h", "--", "true"}).exit_code == 125);  // nobody listens there
}

TEST_CASE("a batch of commands has no zero bytes and says what helps") {
  // The bug: that was told as if it were no UTF-8.
  const Finished finished = run({.argv = {JOBPOOL_PROGRAM, "map", "--async", "--", "echo"},
                                 .input = std::string{"a\0b\n", 4},
                                 .environment = {std::string{"JOBPOOL_SOCKET="} + kNobody, "JOBPOOL_NO_AUTOSTART=1"}});
  CHECK(finished.exit_code == 2);
  CHECK(finished.err.find("item 1: a zero byte") != std::string::npos);
  CHECK(finished.err.find("-0") != std::string::npos);
}

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
