// When a map ends early.
#include "client/cli/halt_rule.hpp"

#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

HaltRule rule(std::string_view text) {
  const auto parsed = HaltRule::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("a rule counts what failed, what succeeded, or both") {
  CHECK_FALSE(rule("soon,fail=2").is_met(1, 9));
  CHECK(rule("soon,fail=2").is_met(2, 0));
  CHECK(rule("now,success=1").is_met(0, 1));
  CHECK_FALSE(rule("now,success=1").is_met(5, 0));
  CHECK(rule("soon,done=3").is_met(1, 2));
  CHECK(rule("now,fail=1").haste() == HaltRule::Haste::now);
  CHECK(rule("soon,fail=1").haste() == HaltRule::Haste::soon);
}

TEST_CASE("never is never, and so is no rule at all") {
  CHECK_FALSE(rule("never").is_met(1'000'000, 1'000'000));
  CHECK_FALSE(HaltRule{}.is_met(1, 1));
}

TEST_CASE("a share is of all items, rounded up, and one at least") {
  HaltRule ten = rule("soon,fail=10%");
  REQUIRE(ten.needs_total());
  ten.set_total(25);
  CHECK_FALSE(ten.is_met(2, 20));
  CHECK(ten.is_met(3, 0));
  ten.set_total(3);
  CHECK_FALSE(ten.is_met(0, 3));
  CHECK(ten.is_met(1, 0));
  CHECK_FALSE(rule("soon,fail=10").needs_total());
}

TEST_CASE("what is no rule is refused") {
  for (const char* bad : {"", "now", "now,fail", "fail=1", "later,fail=1", "now,fails=1", "now,fail=0", "now,fail=0%", "now,fail=101%",
                          "now,fail=-1", "now,fail=1x", "now,fail=", "now,=1", "never,fail=1", "now=1,fail"}) {
    INFO(bad);
    CHECK(HaltRule::parse(bad).error().code == Errc::invalid_argument);
  }
}
