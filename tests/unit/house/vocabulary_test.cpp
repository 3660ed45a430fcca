// Holds the integration tests to the vocabulary: each word of it has a test by its name.
#include <algorithm>

#include "tests/support/catch.hpp"
#include "tests/unit/house/vocabulary.hpp"

using jobpool::house::Source;

namespace {

const Source kTable{
    "client/cli/pool.cpp",
    {"constexpr std::array<std::string_view, 2> kOpen{\"open\", \"reopen\"};", "", "constexpr std::array<Verb, 2> kPoolVerbs{{",
     "    {\"pause\", {}, \"start nothing more\", run_pool_pause},", "    {\"resume\", kOpen, \"start again\", run_pool_resume},", "}};"}};

bool is_missing(const std::vector<std::string>& tests, const std::string& what) {
  Source source{"tests/integration/a_test.cpp", {}};
  for (const std::string& name : tests) source.lines.push_back("TEST_CASE(\"" + name + "\") {");
  return std::ranges::any_of(jobpool::house::words_without_test({kTable, source}),
                             [&](const std::string& finding) { return finding.starts_with("'" + what + "'"); });
}

}  // namespace

TEST_CASE("each verb, alias and word of the library has an integration test by its name") {
  const std::vector<Source> sources = jobpool::house::read_sources(JOBPOOL_SOURCE_DIR);
  REQUIRE(jobpool::house::verbs_in(sources).size() > 50);
  std::string all;
  for (const std::string& finding : jobpool::house::words_without_test(sources)) all += "\n" + finding;
  INFO(all);
  CHECK(all.empty());
}

TEST_CASE("verbs are read from their tables, with group and aliases") {
  const auto verbs = jobpool::house::verbs_in({kTable});
  REQUIRE(verbs.size() == 2);
  CHECK(verbs[0].name == "pool pause");
  CHECK(verbs[0].aliases.empty());
  CHECK(verbs[1].name == "pool resume");
  CHECK(verbs[1].aliases == std::vector<std::string>{"pool open", "pool reopen"});
}

TEST_CASE("a verb without a test whose name begins with it is found, an alias may stand anywhere in one") {
  CHECK(is_missing({}, "pool pause"));
  CHECK(is_missing({"what pool pause does"}, "pool pause"));
  CHECK(is_missing({"pool pauses"}, "pool pause"));
  CHECK_FALSE(is_missing({"pool pause lets nothing start"}, "pool pause"));
  CHECK_FALSE(is_missing({"pool pause, twice"}, "pool pause"));
  CHECK(is_missing({"pool resume is not pool openly"}, "pool open"));
  CHECK_FALSE(is_missing({"pool resume, or pool open, reopens a pool"}, "pool open"));
  CHECK(is_missing({"starmap_async spreads"}, "starmap"));
  CHECK(is_missing({}, "starmap_async"));
  CHECK_FALSE(is_missing({"starmap_async spreads"}, "starmap_async"));
}
