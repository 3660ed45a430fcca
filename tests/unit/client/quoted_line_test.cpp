// Words as a line that gives the same words again.
#include "client/cli/quoted_line.hpp"

#include <vector>

#include "tests/support/catch.hpp"

using namespace jobpool::cli;

namespace {

std::string line_of(const std::vector<std::string>& words) { return quoted_line(words); }

}  // namespace

TEST_CASE("words are quoted where a shell would read them otherwise") {
  CHECK(line_of({"cp", "/a/b.c", "x=%1,2+3-4:5@6_7"}) == "cp /a/b.c x=%1,2+3-4:5@6_7");
  CHECK(line_of({"echo", "a b", "", "$x", "it's", "\xc3\xa4"}) == "echo 'a b' '' '$x' 'it'\\''s' '\xc3\xa4'");
  CHECK(line_of({""}) == "''");
  CHECK(line_of({}).empty());
}

TEST_CASE("a line that quoted_line writes is known from one without quotes") {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"a"}, {""}, {"echo", "a b"}, {"'"}, {"''", "it's"}, {"'a'"}, {"a;b", "c"}, {" "}, {"sh", "-c", "echo 'x y'; exit"}}) {
    INFO(line_of(words));
    CHECK(may_be_quoted_line(line_of(words)));
  }
  for (const char* line :
       {"", "sh -c echo 3; exit 3", "echo {%}", "echo  a", "echo a ", " a", "echo 'a'", "echo 'a b", "echo 'a b'c", "a'b c'"}) {
    INFO(line);
    CHECK_FALSE(may_be_quoted_line(line));
  }
}
