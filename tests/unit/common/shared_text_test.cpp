// A text that is shared by its copies.
#include "common/shared_text.hpp"

#include <algorithm>
#include <thread>
#include <vector>

#include "tests/support/catch.hpp"

namespace jobpool {
namespace {

TEST_CASE("a shared text is what it was made of, zeros and all") {
  const SharedText text = std::string("a\0b", 3);
  CHECK(text == std::string_view("a\0b", 3));
  CHECK(text.size() == 3);
  CHECK(SharedText{}.empty());
  CHECK(SharedText{""}.empty());
  CHECK(SharedText{"a"} < SharedText{"b"});
}

TEST_CASE("copies of a shared text share its bytes, and outlive it") {
  SharedText copy;
  {
    const SharedText text = "something";
    copy = text;
    CHECK(copy.data() == text.data());
  }
  CHECK(copy == "something");
  SharedText moved = std::move(copy);
  copy = moved;
  copy = {};
  CHECK(moved == "something");
}

TEST_CASE("a shared text in the making is its beginning in the end, in place unless that wastes much of its room") {
  const auto filled = [](std::size_t most) {
    SharedText::Room room(most);
    std::fill_n(room.data(), most, 'x');
    return room;
  };
  SharedText::Room large = filled(1000);
  const char* const place = large.data();
  const SharedText text = std::move(large).first(900);
  CHECK(text == std::string(900, 'x'));
  CHECK(text.data() == place);
  const SharedText small = filled(1000).first(100);
  CHECK(small == std::string(100, 'x'));
  CHECK(filled(10).first(0).empty());
  SharedText::Room none(0);
  none = filled(10);
  CHECK(std::move(none).first(10).size() == 10);
}

TEST_CASE("copies of a shared text may come and go in several threads") {
  const SharedText text = "something";
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([own = text] {
      for (int turn = 0; turn < 10'000; ++turn) SharedText{own}.size();
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(text == "something");
}

}  // namespace
}  // namespace jobpool
