// Bytes that are read into and handed out from the front, small ones and large ones.
#include "common/byte_buffer.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "tests/support/catch.hpp"

namespace jobpool {
namespace {

TEST_CASE("a buffer keeps what is in it when it grows") {
  ByteBuffer buffer;
  std::string expected;
  CHECK(buffer.text().empty());
  for (const std::size_t size : {1u, 1'000u, 500'000u, 700'000u, 6'000'000u, 9'000'000u}) {
    const std::string more(size, static_cast<char>('a' + size % 7));
    buffer.append(more);
    expected += more;
    REQUIRE(buffer.text() == expected);
  }
  const std::span<char> room = buffer.room();
  if (room.empty()) return;
  room[0] = '!';
  buffer.grow(1);
  CHECK(buffer.text().back() == '!');
}

TEST_CASE("a large buffer's room is the next one's, until it is dropped") {
  const std::size_t size = GENERATE(as<std::size_t>{}, ByteBuffer::kMiddleBytes, ByteBuffer::kLargeBytes);
  const auto make = [size] {
    ByteBuffer buffer;
    buffer.append("what was there before");
    buffer.reserve(size);
    return buffer;
  };
  ByteBuffer::drop_spares();
  ByteBuffer first = make(), second = make();
  CHECK(first.text() == "what was there before");
  CHECK(first.text().data() != second.text().data());
  const char* const place = first.text().data();
  first = ByteBuffer();
  second = ByteBuffer();
  CHECK(make().text().data() == place);
  ByteBuffer::drop_spares();
  ByteBuffer third = make();
  CHECK(third.text() == "what was there before");
  third.append(std::string(size, 'x'));
  CHECK(third.size() == size + 21);
}

TEST_CASE("what is kept goes when it was of no use for a while") {
  ByteBuffer::drop_spares();
  const auto use = [] { ByteBuffer().reserve(ByteBuffer::kMiddleBytes); };
  CHECK_FALSE(ByteBuffer::has_spares());
  use();
  for (int i = 0; i < 9; ++i) ByteBuffer::drop_unused_spares();
  CHECK(ByteBuffer::has_spares());
  use();
  for (int i = 0; i < 9; ++i) ByteBuffer::drop_unused_spares();
  CHECK(ByteBuffer::has_spares());
  ByteBuffer::drop_unused_spares();
  CHECK_FALSE(ByteBuffer::has_spares());
}

TEST_CASE("what is taken from a buffer's front leaves the rest and the room") {
  ByteBuffer buffer;
  buffer.append("taken and kept");
  const std::size_t capacity = buffer.capacity();
  buffer.drop_front(10);
  CHECK(buffer.text() == "kept");
  CHECK(buffer.capacity() == capacity);
  buffer.drop_front(4);
  CHECK(buffer.size() == 0);
}

TEST_CASE("a buffer that is moved stays where its bytes are") {
  ByteBuffer first;
  first.append(std::string(2'000'000, 'x'));
  const char* const place = first.text().data();
  ByteBuffer second = std::move(first);
  CHECK(second.text().data() == place);
  CHECK(first.capacity() == 0);
  first = std::move(second);
  CHECK(first.text().data() == place);
}

}  // namespace
}  // namespace jobpool
