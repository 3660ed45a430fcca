// JSON's strings: escaping is always valid, unescaping takes what RFC 8259 and UTF-8 allow.
#include "proto/json_string.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "tests/support/catch.hpp"

using namespace std::string_literals;
using namespace jobpool::proto;

namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// The value of a string literal, which must be all of `literal`.
std::optional<std::string> unescaped(std::string_view literal) {
  std::string value;
  const char* at = literal.data() + 1;
  const char* const end = literal.data() + literal.size();
  if (!read_json_string(at, end, value) || at != end) return std::nullopt;
  return value;
}

}  // namespace

TEST_CASE("only what JSON requires is escaped") {
  CHECK(escaped("") == R"("")");
  CHECK(escaped("a/b 就绪 \x7f") == "\"a/b 就绪 \x7f\"");
  CHECK(escaped("\"\\\n\t\r\b\f") == R"("\"\\\n\t\r\b\f")");
  CHECK(escaped("\x01\x1f") == R"("\u0001\u001f")");
}

TEST_CASE("bytes that the protocol has no place for become U+FFFD") {
  CHECK(escaped("a\0b"s) == "\"a\uFFFDb\"");
  CHECK(escaped("a\xC3") == "\"a\uFFFD\"");
  CHECK(escaped("\xED\xA0\x80") == "\"\uFFFD\uFFFD\uFFFD\"");
}

TEST_CASE("a special byte is found at every place of a long string") {
  for (const char special : {'"', '\\', '\n', '\x1f', '\x80', '\xff'}) {
    for (std::size_t at = 0; at < 150; ++at) {
      std::string text(150, 'a');
      text[at] = special;
      const nlohmann::json value = nlohmann::json::parse(escaped(text));
      const std::string expected = special < 0 ? text.substr(0, at) + "\uFFFD" + text.substr(at + 1) : text;
      REQUIRE(value.get<std::string>() == expected);
    }
  }
}

// Short strings go byte by byte, long ones in runs.
TEST_CASE("a string is escaped and understood alike, whether it is short or part of a long one") {
  const std::string behind(64, 'b');
  const std::string_view parts[] = {"a", "\"", "\\", "\n", "\x01", "就", "\x7f", "/"};
  std::uint32_t chance = 1;
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    for (int left = round % 40; left > 0; --left) text += parts[(chance = chance * 1664525 + 1013904223) >> 29];
    const std::string alone = escaped(text), in_front = escaped(text + behind);
    REQUIRE(in_front == alone.substr(0, alone.size() - 1) + behind + '"');
    std::string value;
    REQUIRE(append_unescaped(value, std::string_view(alone).substr(1, alone.size() - 2)));
    REQUIRE(value == text);
    const char* at = alone.data() + 1;
    REQUIRE(skip_json_string(at, alone.data() + alone.size()));
    REQUIRE(at == alone.data() + alone.size());
  }
}

TEST_CASE("what is no string is refused at any place of a short one") {
  for (const std::string_view bad : {"\n", "\x1f", "\\x", "\\", "\x80", "\\ud800", ""})
    for (std::size_t before = 0; before < 40; ++before) {
      const std::string text = std::string(before, 'a') += bad;
      const char* at = text.data();
      REQUIRE_FALSE(skip_json_string(at, text.data() + text.size()));
      const std::string closed = bad.empty() || bad == "\\" ? text : text + '"';
      at = closed.data();
      REQUIRE_FALSE(skip_json_string(at, closed.data() + closed.size()));
    }
}

TEST_CASE("every escape is understood") {
  CHECK(unescaped(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
  CHECK(unescaped(R"("\u0041\u00e9\u5c31\uD83D\ude00")") == "Aé就😀");
  CHECK(unescaped(R"("\u0000")") == "\0"s);
  CHECK(unescaped("\"就绪\"") == "就绪");
}

TEST_CASE("a string that is broken is refused, with or without its value") {
  for (const std::string& literal : {"\"abc"s, "\"abc\\\""s, "\"\\\""s, R"("\x41")"s, R"("\u12")"s, R"("\u12g4")"s, R"("\ud800")"s,
                                     R"("\ud800x")"s, R"("\ud800\u0041")"s, R"("\udc00")"s, R"("\ud800\n")"s, "\"\\u00"s, "\"a\nb\""s,
                                     "\"\0\""s, "\"\xC0\x80\""s, "\"\xED\xA0\x80\""s, "\"\xFF\""s, "\"\xC3\""s}) {
    CHECK_FALSE(unescaped(literal));
    const char* at = literal.data() + 1;
    CHECK_FALSE(skip_json_string(at, literal.data() + literal.size()));
  }
}

TEST_CASE("a string longer than any buffer reads as it was written, whatever stands at the edges of its pieces") {
  constexpr std::size_t kPiece = 16 * 1024;
  for (const std::string_view special : {"\"", "\\", "\n", "é", "就", "😀"}) {
    for (std::size_t before = kPiece - 5; before < kPiece + 2; ++before) {
      const std::string text = std::string(before, 'a') + std::string(special) + std::string(kPiece, 'b');
      const std::string written = escaped(text);
      REQUIRE(unescaped(written) == text);
      const char* at = written.data() + 1;
      REQUIRE(skip_json_string(at, written.data() + written.size()));
      std::string value = "v";
      REQUIRE(append_unescaped(value, std::string_view(written).substr(1, written.size() - 2)));
      REQUIRE(value == "v" + text);
    }
    CHECK_FALSE(unescaped('"' + std::string(2 * kPiece, 'a')));
    CHECK_FALSE(unescaped('"' + std::string(kPiece, 'a') + "\xC3\""));
  }
}

TEST_CASE("U+0000 in a string is told, escaped as it must be") {
  std::string value;
  CHECK(append_unescaped(value, R"(a\u0001\\u0000)"));
  CHECK(value == "a\x01\\u0000");
  CHECK_FALSE(append_unescaped(value, R"(a\u0000b)"));
}

TEST_CASE("a text that is passed on in pieces is the whole escaped, be it text or not") {
  for (const std::string_view text : {"just text", "é就😀就é", "\xC3\xA9\x80\x80\x80\x80\x80\x80", "\xF0\x9F\x98",
                                      "\x80\x80\x80\x80\x80\x80\x80", "a\"b\\c\nd", "\"\"\"\"\"\"\"\"\"\"", ""}) {
    std::string whole;
    append_json_escaped(whole, text);
    for (std::size_t piece_bytes = 1; piece_bytes < 9; ++piece_bytes) {
      std::string sent, rest;
      const auto send = [&](std::string& out, std::string_view run) {
        REQUIRE(out.size() + run.size() < piece_bytes + 16);
        sent.append(out).append(run);
        out.clear();
      };
      append_json_pieces(rest, text, send, piece_bytes);
      REQUIRE(sent + rest == whole);
      std::string unsent;
      append_json_pieces(unsent, text, kSendNothing, piece_bytes);
      REQUIRE(unsent == whole);
    }
  }
}

TEST_CASE("of a large text what stands for itself is passed on where it is") {
  const std::string run(kPieceBytes, 'a'), text = run + run + "\"" + run + run;
  std::string out;
  std::size_t passed = 0;
  append_json_pieces(out, text, [&](std::string& kept, std::string_view piece) {
    CHECK(piece.data() >= text.data());
    CHECK(piece.data() + piece.size() <= text.data() + text.size());
    CHECK(kept.size() <= 2);
    kept.clear();
    passed += piece.size();
  });
  CHECK(passed == 3 * kPieceBytes);
  CHECK(out == run);
}
