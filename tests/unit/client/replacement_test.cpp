// The places in the words of `jobpool map`, and what fills them.
#include "client/cli/replacement.hpp"

#include "tests/support/catch.hpp"

using namespace jobpool::cli;

namespace {

using Words = std::vector<std::string>;

Words filled(const Words& words, std::vector<std::string> columns) { return Template(words).fill({std::move(columns), 12, 3}); }

std::string one(const std::string& word, const std::string& item) { return filled({word}, {item}).front(); }

}  // namespace

TEST_CASE("the item goes where its place is, as often as there is one, and at the end where there is none") {
  CHECK(filled({"cp", "{}", "{}.bak"}, {"a"}) == Words{"cp", "a", "a.bak"});
  CHECK(filled({"echo", "x"}, {"a", "b"}) == Words{"echo", "x", "a", "b"});
  CHECK(filled({"echo", "{#}", "{%}"}, {"a"}) == Words{"echo", "12", "3", "a"});
  CHECK(filled({}, {"7"}) == Words{"7"});
}

TEST_CASE("several items on one command line are words of their own where {} stands alone") {
  Item item{{"d/a.x", "d/b.y", "c"}, 1, 1};
  item.ends = {1, 2, 3};
  CHECK(Template(Words{"cp", "{}", "/tmp"}).fill(item) == Words{"cp", "d/a.x", "d/b.y", "c", "/tmp"});
  CHECK(Template(Words{"{/.}"}).fill(item) == Words{"a", "b", "c"});
  CHECK(Template(Words{"<{}>"}).fill(item) == Words{"<d/a.x d/b.y c>"});
  CHECK(Template(Words{"{2}", "{#}"}).fill(item) == Words{"d/b.y", "1"});
  CHECK(Template(Words{"echo"}).fill(item) == Words{"echo", "d/a.x", "d/b.y", "c"});
  item.ends = {2, 3};  // the first of two columns
  CHECK(Template(Words{"{}"}).fill(item) == Words{"d/a.x d/b.y", "c"});
}

TEST_CASE("a path is taken apart") {
  CHECK(one("{.}|{/}|{//}|{/.}", "/d/e.f/name.tar.gz") == "/d/e.f/name.tar|name.tar.gz|/d/e.f|name.tar");
  CHECK(one("{.}|{/}|{//}|{/.}", "name") == "name|name|.|name");
  CHECK(one("{.}|{/}|{//}|{/.}", "/name") == "/name|name|/|name");
  CHECK(one("{.}|{/.}", "d.e/.profile") == "d.e/.profile|.profile");
}

TEST_CASE("columns have numbers, all of them together none") {
  CHECK(filled({"{2}{1}"}, {"a", "b"}) == Words{"ba"});
  CHECK(filled({"{1/.}"}, {"d/a.x", "b"}) == Words{"a"});
  CHECK(filled({"{}"}, {"a", "b"}) == Words{"a b"});
  CHECK(filled({"<{3}>"}, {"a", "b"}) == Words{"<>"});
}

TEST_CASE("other braces stand for themselves, and what an item brings is not looked at again") {
  CHECK(one("{x} {} } {", "a") == "{x} a } {");
  CHECK(one("{{}}", "a") == "{a}");
  CHECK(one("{0} {99999999999999999999} {}", "a") == "{0} {99999999999999999999} a");
  CHECK(one("{}", "{#}") == "{#}");
}
