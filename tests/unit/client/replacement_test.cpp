// The places in the words of `jobpool map`, and what fills them.
#include "client/cli/replacement.hpp"

#include "tests/support/catch.hpp"

using namespace jobpool::cli;

namespace {

using WordList = std::vector<std::string>;

WordList filled(const WordList& words, std::vector<std::string> columns) { return Template(words).fill({std::move(columns), 12, 3}); }

std::string one(const std::string& word, const std::string& item) { return filled({word}, {item}).front(); }

}  // namespace

TEST_CASE("the item goes where its place is, as often as there is one, and at the end where there is none") {
  CHECK(filled({"cp", "{}", "{}.bak"}, {"a"}) == WordList{"cp", "a", "a.bak"});
  CHECK(filled({"echo", "x"}, {"a", "b"}) == WordList{"echo", "x", "a", "b"});
  CHECK(filled({"echo", "{#}", "{%}"}, {"a"}) == WordList{"echo", "12", "3", "a"});
  CHECK(filled({}, {"7"}) == WordList{"7"});
}

TEST_CASE("several items on one command line are words of their own where {} stands alone") {
  Item item{{"d/a.x", "d/b.y", "c"}, 1, 1};
  item.ends = {1, 2, 3};
  CHECK(Template(WordList{"cp", "{}", "/tmp"}).fill(item) == WordList{"cp", "d/a.x", "d/b.y", "c", "/tmp"});
  CHECK(Template(WordList{"{/.}"}).fill(item) == WordList{"a", "b", "c"});
  CHECK(Template(WordList{"<{}>"}).fill(item) == WordList{"<d/a.x d/b.y c>"});
  CHECK(Template(WordList{"{2}", "{#}"}).fill(item) == WordList{"d/b.y", "1"});
  CHECK(Template(WordList{"echo"}).fill(item) == WordList{"echo", "d/a.x", "d/b.y", "c"});
  item.ends = {2, 3};  // the first of two columns
  CHECK(Template(WordList{"{}"}).fill(item) == WordList{"d/a.x d/b.y", "c"});
}

TEST_CASE("a path is taken apart") {
  CHECK(one("{.}|{/}|{//}|{/.}", "/d/e.f/name.tar.gz") == "/d/e.f/name.tar|name.tar.gz|/d/e.f|name.tar");
  CHECK(one("{.}|{/}|{//}|{/.}", "name") == "name|name|.|name");
  CHECK(one("{.}|{/}|{//}|{/.}", "/name") == "/name|name|/|name");
  CHECK(one("{.}|{/.}", "d.e/.profile") == "d.e/.profile|.profile");
}

TEST_CASE("columns have numbers, all of them together none") {
  CHECK(filled({"{2}{1}"}, {"a", "b"}) == WordList{"ba"});
  CHECK(filled({"{1/.}"}, {"d/a.x", "b"}) == WordList{"a"});
  CHECK(filled({"{}"}, {"a", "b"}) == WordList{"a b"});
  CHECK(filled({"<{3}>"}, {"a", "b"}) == WordList{"<>"});
}

TEST_CASE("other braces stand for themselves, and what an item brings is not looked at again") {
  CHECK(one("{x} {} } {", "a") == "{x} a } {");
  CHECK(one("{{}}", "a") == "{a}");
  CHECK(one("{0} {99999999999999999999} {}", "a") == "{0} {99999999999999999999} a");
  CHECK(one("{}", "{#}") == "{#}");
}
