// Which jobs a word selects.
#include "client/cli/selector.hpp"

#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

using Strings = std::vector<std::string>;

// The selected ids where the jobs 2, 5, 6, 9 exist; the number of lists that it took comes first.
std::vector<std::uint64_t> select(const Strings& words) {
  const Result<Selection> selection = parse_selection(words);
  REQUIRE(selection);
  std::uint64_t lists = 0;
  const auto known = [&lists]() -> Result<std::vector<JobId>> {
    ++lists;
    return std::vector<JobId>{{2}, {5}, {6}, {9}};
  };
  const Result<std::vector<JobId>> ids = resolve_selection(*selection, known);
  REQUIRE(ids);
  std::vector<std::uint64_t> numbers{lists};
  for (const JobId id : *ids) numbers.push_back(id.value);
  return numbers;
}

using Numbers = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("ids are taken as they are, without asking what exists") {
  CHECK(select({"12"}) == Numbers{0, 12});
  CHECK(select({"3,4", "12", "3"}) == Numbers{0, 3, 4, 12});
}

TEST_CASE("of a range those are taken that exist, and a single id beside it stays") {
  CHECK(select({"3,5-8"}) == Numbers{1, 3, 5, 6});
  CHECK(select({"1-100"}) == Numbers{1, 2, 5, 6, 9});
  CHECK(select({"1-9223372036854775807"}) == Numbers{1, 2, 5, 6, 9});
}

TEST_CASE("last is the newest, all is all, and nothing comes twice") {
  CHECK(select({"last"}) == Numbers{1, 9});
  CHECK(select({"all"}) == Numbers{1, 2, 5, 6, 9});
  CHECK(select({"last,2", "all"}) == Numbers{1, 2, 9, 5, 6});
}

TEST_CASE("what selects nothing is an error") {
  const auto known = []() -> Result<std::vector<JobId>> { return std::vector<JobId>{}; };
  for (const char* word : {"last", "all", "5-8"}) {
    INFO(word);
    const Result<Selection> selection = parse_selection(Strings{word});
    REQUIRE(selection);
    const Result<std::vector<JobId>> ids = resolve_selection(*selection, known);
    REQUIRE_FALSE(ids);
    CHECK(ids.error().code == Errc::not_found);
  }
}

TEST_CASE("what is no selector is refused by name") {
  for (const char* word :
       {"", "x", "0", "-1", "5-", "8-5", "1,,2", "1,", "1-2-3", "99999999999999999999", "9223372036854775808", "1 2", "lastly"}) {
    INFO(word);
    const Result<Selection> selection = parse_selection(Strings{word});
    REQUIRE_FALSE(selection);
    CHECK(selection.error().text.find(word) != std::string::npos);
  }
}
