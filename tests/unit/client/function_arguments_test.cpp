// The words behind @function.
#include "client/cli/function_arguments.hpp"

#include <vector>

#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

std::string arguments(std::vector<std::string> words) {
  const Result<std::string> text = function_arguments(words);
  REQUIRE(text);
  return *text;
}

}  // namespace

TEST_CASE("words that are JSON are passed on as they are, to the last digit") {
  CHECK(arguments({"7", "-1.50", "true", "null", "[1, 2]", R"({"k":"v"})", "\"s\"", "12345678901234567890123"}) ==
        R"([7,-1.50,true,null,[1, 2],{"k":"v"},"s",12345678901234567890123])");
}

TEST_CASE("words that are no JSON are strings") {
  CHECK(arguments({"photo.jpg", "a b", "", "[1,", "'7'", "NaN", "TRUE", "0x10", "\xc3\xa4", "say \"x\"\n"}) ==
        "[\"photo.jpg\",\"a b\",\"\",\"[1,\",\"'7'\",\"NaN\",\"TRUE\",\"0x10\",\"\xc3\xa4\",\"say \\\"x\\\"\\n\"]");
}

TEST_CASE("no words are no arguments") { CHECK(arguments({}) == "[]"); }

TEST_CASE("a word that is not UTF-8 is refused, named readably") {
  const std::vector<std::string> words{"caf\xe9\x01"};
  const Result<std::string> text = function_arguments(words);
  REQUIRE_FALSE(text);
  CHECK(text.error().text.find("\\x01") != std::string::npos);
}

TEST_CASE("a word that begins with a byte order mark is a string") {
  // The bug: it was taken for JSON and passed on as it was, which made the whole array no JSON, and the daemon refused the call.
  CHECK(arguments({"\xef\xbb\xbf"
                   "7"}) ==
        "[\"\xef\xbb\xbf"
        "7\"]");
}

TEST_CASE("a number that no double can hold is a string") {
  // The bug: it was passed on as it was, valid by JSON's grammar, and no function could read its arguments.
  CHECK(arguments({"-15e3712", "[1e999]", "1e3"}) == R"(["-15e3712","[1e999]",1e3])");
  CHECK(arguments({std::string(400, '9')}) == "[\"" + std::string(400, '9') + "\"]");
}

TEST_CASE("a word with a zero byte is refused, with what carries one") {
  const Result<std::string> text = json_of_word(std::string("a\0b", 3));
  REQUIRE_FALSE(text);
  CHECK(text.error().text.find("\\u0000") != std::string::npos);
  CHECK(text.error().text.find("UTF-8") == std::string::npos);
}
