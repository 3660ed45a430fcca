// The JSON reader against RFC 8259's grammar and against nlohmann's parser.
#include "proto/json_reader.hpp"

#include <optional>

#include "tests/support/catch.hpp"
#include "tests/unit/proto/compare_json.hpp"

using namespace std::string_literals;
using namespace jobpool::proto;
using nlohmann::json;

namespace {

std::optional<json> read(std::string_view text, int max_depth = kMaxMessageDepth) {
  JsonReader reader(text, max_depth);
  json value;
  if (!reader.read_value(value) || !reader.at_end()) return std::nullopt;
  return value;
}

bool skips(std::string_view text) {
  JsonReader reader(text, kMaxMessageDepth);
  return reader.skip_value() && reader.at_end();
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

TEST_CASE("values are read as nlohmann's parser reads them") {
  for (const std::string& text : {"{}"s,
                                  " { } "s,
                                  "[]"s,
                                  "\t[ 1 , 2 ]\r\n"s,
                                  "null"s,
                                  "true"s,
                                  "false"s,
                                  R"("")"s,
                                  "0"s,
                                  "-0"s,
                                  "-1"s,
                                  "18446744073709551615"s,
                                  "18446744073709551616"s,
                                  "-9223372036854775808"s,
                                  "-9223372036854775809"s,
                                  "1.5"s,
                                  "-0.25e+2"s,
                                  "1E2"s,
                                  "1e-2"s,
                                  R"({"a":{"b":[null,true,"x",{"c":1.5}]},"d":-7})"s}) {
    REQUIRE(read(text));
    CHECK(*read(text) == json::parse(text));
    CHECK(read(text)->type() == json::parse(text).type());
    CHECK(skips(text));
  }
}

TEST_CASE("what is no JSON is refused") {
  for (const std::string& text : {""s,
                                  " "s,
                                  "{"s,
                                  "}"s,
                                  "["s,
                                  "]"s,
                                  "{]"s,
                                  "[}"s,
                                  "[1"s,
                                  "[1,"s,
                                  "[1,]"s,
                                  "[,1]"s,
                                  "[1 2]"s,
                                  "{\"a\"}"s,
                                  "{\"a\":}"s,
                                  "{\"a\":1,}"s,
                                  "{a:1}"s,
                                  "{1:1}"s,
                                  "{\"a\" 1}"s,
                                  "01"s,
                                  "-"s,
                                  "+1"s,
                                  "1."s,
                                  ".5"s,
                                  "1e"s,
                                  "1e+"s,
                                  "- 1"s,
                                  "0x1"s,
                                  "1 e1"s,
                                  "tru"s,
                                  "True"s,
                                  "nul"s,
                                  "nulll"s,
                                  "NaN"s,
                                  "Infinity"s,
                                  "'a'"s,
                                  "\"a"s,
                                  "{} {}"s,
                                  "{},"s,
                                  "// x\n{}"s,
                                  "[1]\0"s,
                                  "\0"s,
                                  "\xEF\xBB\xBF{}"s,
                                  "\xFF"s,
                                  "1e999"s}) {
    CHECK_FALSE(read(text));
    if (text != "1e999") CHECK_FALSE(skips(text));  // a number's size matters to its reader only
  }
}

TEST_CASE("nesting is limited, and a million brackets do not exhaust the stack") {
  CHECK(read(nested(kMaxMessageDepth)));
  CHECK_FALSE(read(nested(kMaxMessageDepth + 1)));
  CHECK_FALSE(read(std::string(1'000'000, '[')));
  CHECK(is_json(nested(kMaxPayloadDepth)));
  CHECK_FALSE(is_json(nested(kMaxPayloadDepth + 1)));
  CHECK_FALSE(is_json(std::string(1'000'000, '[')));
}

TEST_CASE("depth is what is open, not what was opened") {
  std::string text = "[";
  for (int i = 0; i < 1'000; ++i) text += "[],{\"a\":[1]},";
  CHECK(read(text + "0]", 3));
}

TEST_CASE("a key that is there twice keeps a value of no type") {
  const json value = *read(R"({"a":1,"b":2,"a":3,"a":[4]})");
  CHECK(value.size() == 2);
  CHECK(value.at("a").is_discarded());
  CHECK(value.at("b") == 2);
}

// The fuzzers' comparison with nlohmann's parser said that this is no JSON: it reads the second value too, which no double holds.
TEST_CASE("any number may be in the second value of a key, which is not read") {
  const std::string text = R"({"a":1,"a":170e8000000080})";
  const json value = *read(text);
  CHECK(value.at("a").is_discarded());
  CHECK(compare_json(text).empty());
  CHECK_FALSE(read(R"({"a":170e8000000080})"));
}

TEST_CASE("a payload's text is an array or it is not") {
  CHECK(is_json_array("[]"));
  CHECK(is_json_array(" [7,\"x\"] "));
  for (const std::string& text : {""s, "{}"s, "\"[]\""s, "["s, "[]]"s, "[1"s, "[]x"s, "null"s}) CHECK_FALSE(is_json_array(text));
  CHECK(is_json("7"));
  CHECK_FALSE(is_json("7 7"));
}
