// The items of a map: words, lines, and their combinations.
#include "client/cli/item_source.hpp"

#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

using Columns = ItemSource::Columns;
using Items = std::vector<Columns>;

Items items(Columns operands, const std::string& file = "", char separator = '\n') {
  auto source = ItemSource::take(operands, file, separator);
  REQUIRE(source);
  Items all;
  for (;;) {
    auto item = source->next();
    REQUIRE(item);
    if (!*item) return all;
    all.push_back(std::move(**item));
  }
}

}  // namespace

TEST_CASE("the words behind ::: are the items, and the command is what is left") {
  Columns operands{"echo", "x", ":::", "1", "2"};
  auto source = ItemSource::take(operands, "", '\n');
  REQUIRE(source);
  CHECK(operands == Columns{"echo", "x"});
  CHECK(items({"f", ":::", "1", "2"}) == Items{{"1"}, {"2"}});
  CHECK(items({"f", ":::"}).empty());
}

TEST_CASE("several inputs give every combination, the last turning fastest") {
  CHECK(items({"f", ":::", "a", "b", ":::", "1", "2"}) == Items{{"a", "1"}, {"a", "2"}, {"b", "1"}, {"b", "2"}});
  CHECK(items({"f", ":::", "a", "b", ":::"}).empty());
  CHECK(items({"f", ":::", ":::", "a", "b"}).empty());
}

TEST_CASE("a linked input goes along with the one before it, as far as both go") {
  CHECK(items({"f", ":::", "a", "b", "c", ":::+", "1", "2"}) == Items{{"a", "1"}, {"b", "2"}});
  CHECK(items({"f", ":::", "x", "y", ":::", "a", "b", ":::+", "1", "2"}) ==
        Items{{"x", "a", "1"}, {"x", "b", "2"}, {"y", "a", "1"}, {"y", "b", "2"}});
}

TEST_CASE("lines of files are items, one file after the other, the last line also without its end") {
  const testing::TempDir folder;
  std::ofstream(folder.file("a")) << "1\n\n2";
  std::ofstream(folder.file("b")) << "3\n";
  CHECK(items({"f", "::::", folder.file("a"), folder.file("b")}) == Items{{"1"}, {""}, {"2"}, {"3"}});
  CHECK(items({"f", ":::", "x"}, folder.file("b")) == Items{{"3", "x"}});
  std::ofstream(folder.file("zero")) << std::string("a\nb\0c", 5);
  CHECK(items({"f"}, folder.file("zero"), '\0') == Items{{"a\nb"}, {"c"}});
}

TEST_CASE("an input that cannot be is told before anything runs") {
  Columns linked{"f", ":::+", "1"}, nameless{"f", "::::"}, missing{"f", "::::", "/nonexistent"};
  CHECK(ItemSource::take(linked, "", '\n').error().code == Errc::invalid_argument);
  CHECK(ItemSource::take(nameless, "", '\n').error().code == Errc::invalid_argument);
  CHECK(ItemSource::take(missing, "", '\n').error().code == Errc::not_found);
}
