// Passing over JSON that was checked: where its parts begin and end, and what they say.
#include "proto/json_text.hpp"

#include <utility>

#include "proto/fields.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/checked_json.hpp"

using namespace jobpool;
using namespace jobpool::proto;

namespace {

std::vector<std::pair<std::string, std::string>> members_of(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> members;
  checked(text).each_member([&](std::string_view key, JsonText value) {
    members.emplace_back(key, value.text());
    return true;
  });
  return members;
}

}  // namespace

TEST_CASE("what is no JSON is not taken, and white space around it is left out") {
  CHECK_FALSE(JsonText::check("{", 8));
  CHECK_FALSE(JsonText::check("", 8));
  CHECK_FALSE(JsonText::check("1 1", 8));
  CHECK_FALSE(JsonText::check("[[1]]", 1));
  CHECK(checked(" \n[1]\t").text() == "[1]");
  CHECK(JsonText().is_null());
}

TEST_CASE("members are given as they are written, brackets, quotes and backslashes within their strings and all") {
  using Members = std::vector<std::pair<std::string, std::string>>;
  CHECK(members_of(" { } ").empty());
  CHECK(members_of(R"({"a":1 , "b" : [1,{"]":"}"}] ,"c":"\\\"}","c":null})") ==
        Members{{"a", "1"}, {"b", R"([1,{"]":"}"}])"}, {"c", R"("\\\"}")"}, {"c", "null"}});
  CHECK(members_of(R"({"\"":{},"":"\\"})") == Members{{R"(\")", "{}"}, {"", R"("\\")"}});
}

TEST_CASE("elements are given one by one") {
  CHECK(checked("[]").elements().empty());
  const auto elements = checked(R"([ "a,b" , -1.5e3,[[]], {"x":[1,2]} ,true])").elements();
  REQUIRE(elements.size() == 5);
  CHECK(elements[0].string() == "a,b");
  CHECK(elements[1].text() == "-1.5e3");
  CHECK(elements[2].is_array());
  CHECK(elements[3].member("x")->text() == "[1,2]");
  CHECK(elements[4].boolean() == true);
}

TEST_CASE("a value of another type is none") {
  CHECK(checked(R"("\u00e4\n")").string() == "\u00e4\n");
  CHECK_FALSE(checked("7").string());
  CHECK(checked("-9223372036854775808").integer() == std::numeric_limits<std::int64_t>::min());
  for (const char* none : {"9223372036854775808", "1.0", "1e2", "\"1\"", "null", "[1]"}) CHECK_FALSE(checked(none).integer());
  for (const char* none : {"0", "\"true\"", "null"}) CHECK_FALSE(checked(none).boolean());
}

TEST_CASE("a field's name may be written with escapes, and one that is there twice is off, however it is written") {
  Fields escaped(checked(R"({"\u006eame":"x"})"), MessageKind::request);
  CHECK(escaped.text("name") == "x");
  CHECK(escaped.finish());
  Fields twice(checked(R"({"name":"x","n\u0061me":"y"})"), MessageKind::request);
  (void)twice.text("name");
  CHECK(twice.finish().error().text == "name");
}

TEST_CASE("a number that no double holds is JSON, and has no tree") {
  CHECK(checked("[1e999]").tree().is_discarded());
  CHECK(checked("[1.5]").tree() == nlohmann::json{1.5});
}

TEST_CASE("what stands around the longest string is found, be that a value, an element or a name") {
  const std::string large = std::string(5'000, 'x') + R"(\"]},\\)";
  const std::string message = R"({"a":{"b":[1,")" + large + R"(",[2]],"c":"short"},")" + large + R"(":3})";
  const JsonText text = checked(message);
  const auto list = text.member("a")->member("b")->elements();
  REQUIRE(list.size() == 3);
  CHECK(list[1].text() == '"' + large + '"');
  CHECK(list[2].elements().front().integer() == 2);
  CHECK(text.member("a")->member("c")->string() == "short");
  CHECK(text.member(large)->integer() == 3);
}

TEST_CASE("a text of the protocol is a string without U+0000") {
  CHECK(checked(R"("a\nb")").protocol_text() == "a\nb");
  CHECK_FALSE(checked(R"("a\u0000")").protocol_text());
  CHECK_FALSE(checked("1").protocol_text());
  CHECK(checked(R"("a\u0000")").string() == std::string("a\0", 2));
}
