// UTF-8: what Unicode calls well-formed, and nothing else.
#include "proto/utf8.hpp"

#include <string>

#include "tests/support/catch.hpp"

using namespace std::string_literals;
using jobpool::proto::is_protocol_text;
using jobpool::proto::utf8_character;
using jobpool::proto::utf8_prefix;

TEST_CASE("characters of one to four bytes are text") {
  for (const std::string& text :
       {""s, "a"s, "\x7f"s, "\u0080"s, "é"s, "\u07ff"s, "\u0800"s, "就绪"s, "\uD7FF"s, "\uE000"s, "\uFFFF"s, "😀"s, "\U0010FFFF"s})
    CHECK(is_protocol_text(text));
  CHECK(is_protocol_text("eight bytes and more, then é, then eight more bytes"));
}

TEST_CASE("U+0000 is no text of the protocol, wherever it stands") {
  for (std::size_t at = 0; at < 20; ++at) {
    std::string text(20, 'a');
    text[at] = '\0';
    CHECK_FALSE(is_protocol_text(text));
  }
}

TEST_CASE("overlong forms, surrogates, too large code points, stray and missing bytes are no text") {
  for (const std::string& bytes : {"\x80"s,
                                   "\xBF"s,
                                   "\xC0\x80"s,
                                   "\xC1\xBF"s,
                                   "\xE0\x80\x80"s,
                                   "\xE0\x9F\xBF"s,
                                   "\xED\xA0\x80"s,
                                   "\xED\xBF\xBF"s,
                                   "\xF0\x80\x80\x80"s,
                                   "\xF0\x8F\xBF\xBF"s,
                                   "\xF4\x90\x80\x80"s,
                                   "\xF5\x80\x80\x80"s,
                                   "\xFE"s,
                                   "\xFF"s,
                                   "\xC3"s,
                                   "\xC3("s,
                                   "\xE2\x82"s,
                                   "\xE2\x28\xA1"s,
                                   "\xF0\x9F\x98"s,
                                   "\xF0\x9F\x98\x28"s}) {
    CHECK_FALSE(is_protocol_text(bytes));
    CHECK_FALSE(is_protocol_text("some words before " + bytes + " and after"));
    CHECK(utf8_character(bytes) == 0);
  }
}

TEST_CASE("a prefix never cuts a character") {
  CHECK(utf8_prefix("aé", 3) == "aé");
  CHECK(utf8_prefix("aé", 2) == "a");
  CHECK(utf8_prefix("就绪", 5) == "就");
  CHECK(utf8_prefix("就绪", 2) == "");
  CHECK(utf8_prefix("abc", 2) == "ab");
}
