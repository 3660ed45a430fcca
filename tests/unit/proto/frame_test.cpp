// Framing: the same messages come out however the stream was cut.
#include "proto/frame.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"

using namespace std::string_literals;
using jobpool::Errc;
using jobpool::proto::FrameDecoder;
using jobpool::proto::kMaxMessageBytes;

namespace {

std::vector<std::string> take_all(FrameDecoder& decoder) {
  std::vector<std::string> messages;
  while (const auto message = decoder.next()) messages.emplace_back(*message);
  return messages;
}

void feed(FrameDecoder& decoder, std::string_view bytes) { REQUIRE(decoder.feed(bytes)); }

}  // namespace

TEST_CASE("a message ends at its NUL and not before") {
  FrameDecoder decoder;
  feed(decoder, "{}");
  CHECK_FALSE(decoder.next());
  CHECK(decoder.pending() == 2);
  feed(decoder, "\0"s);
  CHECK(decoder.pending() == 0);
  CHECK(take_all(decoder) == std::vector<std::string>{"{}"});
}

TEST_CASE("a stream cut at any two points gives the same messages") {
  const std::string stream = "first\0\0{\"third\":3}\0x\0"s;
  const std::vector<std::string> expected{"first", "", "{\"third\":3}", "x"};
  for (std::size_t a = 0; a <= stream.size(); ++a) {
    for (std::size_t b = a; b <= stream.size(); ++b) {
      FrameDecoder decoder;
      std::vector<std::string> messages;
      for (const std::string& piece : {stream.substr(0, a), stream.substr(a, b - a), stream.substr(b)}) {
        feed(decoder, piece);
        for (std::string& message : take_all(decoder)) messages.push_back(std::move(message));
      }
      REQUIRE(messages == expected);
      REQUIRE(decoder.pending() == 0);
    }
  }
}

TEST_CASE("messages that nobody takes for a while are kept in order") {
  FrameDecoder decoder;
  std::vector<std::string> expected, taken;
  for (int i = 0; i < 2'000; ++i) {
    expected.push_back(std::string(static_cast<std::size_t>(i % 71), 'a') + std::to_string(i));
    feed(decoder, expected.back() + '\0' + "beg");  // and a piece of the next one,
    if (i % 3 == 0) taken.emplace_back(*decoder.next());
    feed(decoder, "un\0"s);  // which ends here
    expected.push_back("begun");
  }
  for (std::string& message : take_all(decoder)) taken.push_back(std::move(message));
  CHECK(taken == expected);
}

TEST_CASE("fed_messages tells to which message the next byte belongs") {
  FrameDecoder decoder;
  CHECK(decoder.fed_messages() == 0);
  feed(decoder, "a\0b"s);
  CHECK(decoder.fed_messages() == 1);
  feed(decoder, "\0\0"s);
  CHECK(decoder.fed_messages() == 3);
  take_all(decoder);
  CHECK(decoder.fed_messages() == 3);
}

TEST_CASE("a message of the largest size passes, one byte more does not, whether its end is there or not") {
  const std::string largest(kMaxMessageBytes, 'x');
  FrameDecoder decoder;
  feed(decoder, largest);
  feed(decoder, "\0"s);
  CHECK(decoder.next()->size() == kMaxMessageBytes);

  FrameDecoder unfinished;
  feed(unfinished, largest);
  REQUIRE_FALSE(unfinished.feed("x"));

  FrameDecoder whole;
  const auto fed = whole.feed("ok\0"s + largest + "x\0"s);
  REQUIRE_FALSE(fed);
  CHECK(fed.error().code == Errc::protocol);
}

TEST_CASE("whole messages before an over-long one can still be taken") {
  FrameDecoder decoder;
  feed(decoder, "ok\0"s);
  REQUIRE_FALSE(decoder.feed(std::string(kMaxMessageBytes + 1, 'x')));
  CHECK(take_all(decoder) == std::vector<std::string>{"ok"});
}

TEST_CASE("a large message in small pieces between small messages comes out whole") {
  const std::string large(3'000'000, 'y');
  FrameDecoder decoder;
  feed(decoder, "before\0"s);
  for (std::size_t at = 0; at < large.size(); at += 4'093) feed(decoder, std::string_view(large).substr(at, 4'093));
  feed(decoder, "\0after\0"s);
  CHECK(take_all(decoder) == std::vector<std::string>{"before", large, "after"});
  feed(decoder, "again\0"s);
  CHECK(take_all(decoder) == std::vector<std::string>{"again"});
}

namespace {

// As a reader of a socket does it: into the decoder's room where it has some.
void read_on(FrameDecoder& decoder, std::string_view bytes) {
  const std::span<char> room = decoder.room();
  if (room.empty()) return feed(decoder, bytes);
  REQUIRE(room.size() >= bytes.size());
  std::copy(bytes.begin(), bytes.end(), room.begin());
  REQUIRE(decoder.fed(bytes.size()));
}

}  // namespace

TEST_CASE("there is room to read on only while a large message is under way") {
  FrameDecoder decoder;
  CHECK(decoder.room().empty());
  feed(decoder, "small\0begun"s);
  CHECK(decoder.room().empty());
  feed(decoder, std::string(100'000, 'x'));
  CHECK(decoder.room().size() >= 200'000);
  CHECK(decoder.pending() == 100'005);
  feed(decoder, "\0"s);
  CHECK(decoder.room().empty());
}

TEST_CASE("a large message that is read on comes out whole between others, and its buffer can be taken where it ends it") {
  const std::string large(3'000'000, 'y');
  FrameDecoder decoder;
  feed(decoder, "before\0"s);
  for (std::size_t at = 0; at < large.size(); at += 40'093) read_on(decoder, std::string_view(large).substr(at, 40'093));
  read_on(decoder, "\0after\0beg"s);
  CHECK(decoder.fed_messages() == 3);
  CHECK(take_all(decoder) == std::vector<std::string>{"before", large, "after"});
  CHECK_FALSE(decoder.take_buffer());
  read_on(decoder, "un" + large);
  read_on(decoder, "\0"s);
  const auto begun = decoder.next();
  REQUIRE(begun);
  const auto buffer = decoder.take_buffer();
  REQUIRE(buffer);
  feed(decoder, "another\0"s);
  CHECK(*begun == "begun" + large);
  CHECK(take_all(decoder) == std::vector<std::string>{"another"});
  CHECK_FALSE(decoder.take_buffer());
}

TEST_CASE("a message that is read on is refused where it becomes too long") {
  FrameDecoder decoder;
  feed(decoder, "ok\0"s + std::string(100'000, 'x'));
  const std::span<char> room = decoder.room();
  REQUIRE(room.size() > kMaxMessageBytes / 100);
  std::size_t left = kMaxMessageBytes - 100'000;
  while (left > 0) {
    const std::string piece(std::min<std::size_t>(left, 200'000), 'x');
    read_on(decoder, piece);
    left -= piece.size();
  }
  decoder.room()[0] = 'x';
  REQUIRE_FALSE(decoder.fed(1));
  CHECK(take_all(decoder) == std::vector<std::string>{"ok"});
}

TEST_CASE("long runs of ordinary bytes are noted of the large message that they are in, and of no other") {
  const std::string run(50'000, 'x'), start = "start" + std::string(70'000, '"');
  FrameDecoder decoder;
  feed(decoder, start);
  read_on(decoder, run);
  read_on(decoder, run + "\"" + run);
  read_on(decoder, "\0another\0"s);
  REQUIRE(decoder.next());
  CHECK(decoder.runs()->behind(start.size() - 1) == start.size() - 1);
  CHECK(decoder.runs()->behind(start.size()) == start.size() + 100'000);
  CHECK(decoder.runs()->behind(start.size() + 99'999) == start.size() + 100'000);
  CHECK(decoder.runs()->behind(start.size() + 100'000) == start.size() + 100'000);
  CHECK(decoder.runs()->behind(start.size() + 100'001) == start.size() + 150'001);
  REQUIRE(decoder.next());
  CHECK(decoder.runs() == nullptr);

  feed(decoder, start);
  read_on(decoder, run);
  read_on(decoder, std::string(100'000, '"') + run + "\0"s);  // so many stops that it gives up, though not what it has noted
  REQUIRE(decoder.next());
  CHECK(decoder.runs()->behind(start.size()) == start.size() + 50'000);
  CHECK(decoder.runs()->behind(start.size() + 150'001) == start.size() + 150'001);
}
