// The items of a map: words, lines, and their combinations.
#include "client/cli/item_source.hpp"

#include <unistd.h>

#include <array>
#include <fstream>

#include "common/unique_fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

using Columns = ItemSource::Columns;
using Items = std::vector<Columns>;

Result<ItemSource> take(Columns& operands, const std::string& file = "", char separator = '\n', const std::string& columns = "") {
  ItemSource::Form form{.file = file, .separator = separator};
  if (!columns.empty()) {
    auto compiled = ColumnSeparator::compile(columns);
    REQUIRE(compiled);
    form.columns = std::move(*compiled);
  }
  return ItemSource::take(operands, std::move(form));
}

Items items(Columns operands, const std::string& file = "", char separator = '\n', const std::string& columns = "") {
  auto source = take(operands, file, separator, columns);
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
  auto source = take(operands);
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
  CHECK(take(linked).error().code == Errc::invalid_argument);
  CHECK(take(nameless).error().code == Errc::invalid_argument);
  CHECK(take(missing).error().code == Errc::not_found);
}

TEST_CASE("a line longer than a read, and a file that is empty, are read as any other") {
  const testing::TempDir folder;
  const std::string long_line(200'000, 'x');
  std::ofstream(folder.file("a")) << long_line << "\n" << long_line << "y";
  std::ofstream(folder.file("none"));
  CHECK(items({"f", "::::", folder.file("none"), folder.file("a"), folder.file("none")}) == Items{{long_line}, {long_line + "y"}});
}

TEST_CASE("the number of items is known where it is of words, or all of them were read") {
  const testing::TempDir folder;
  std::ofstream(folder.file("a")) << "1\n2\n3\n";
  Columns words{"f", ":::", "a", "b", "c", ":::+", "1", "2", ":::", "x", "y"}, file{"f", "::::", folder.file("a"), ":::", "x", "y"};
  CHECK(take(words)->count() == 4);
  auto source = take(file);
  CHECK_FALSE(source->count().has_value());
  REQUIRE(source->load());
  CHECK(source->count() == 6);
  for (int i = 0; i < 6; ++i) CHECK((*source->next()).has_value());
  CHECK_FALSE((*source->next()).has_value());
}

TEST_CASE("items are cut into columns where a regular expression says so") {
  CHECK(items({"f", ":::", "a,b", "c", ",d,"}, "", '\n', ",") == Items{{"a", "b"}, {"c"}, {"", "d", ""}});
  CHECK(items({"f", ":::", "a\tb  c"}, "", '\n', "\\t| +") == Items{{"a", "b", "c"}});
  CHECK(items({"f", ":::", "a\\b"}, "", '\n', "\\\\") == Items{{"a", "b"}});
  CHECK(items({"f", ":::", "a,b", ":::", "1,2"}, "", '\n', ",") == Items{{"a", "b", "1", "2"}});
  CHECK(ColumnSeparator::compile("(").error().code == Errc::invalid_argument);
  CHECK(ColumnSeparator::compile("x*").error().code == Errc::invalid_argument);
}

TEST_CASE("an input that comes in drops says when more of it would have to be waited for") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  Columns operands{"f", "::::", "/dev/fd/" + std::to_string(reading.get())};
  auto source = take(operands);
  REQUIRE(source);
  CHECK(source->would_wait());
  REQUIRE(::write(writing.get(), "1\n2\n", 4) == 4);
  CHECK_FALSE(source->would_wait());
  CHECK(**source->next() == Columns{"1"});
  CHECK_FALSE(source->would_wait());
  CHECK(**source->next() == Columns{"2"});
  CHECK(source->would_wait());
  writing.reset();
  CHECK_FALSE(source->would_wait());
  CHECK_FALSE((*source->next()).has_value());
}
