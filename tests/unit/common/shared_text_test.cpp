// A text that is shared by its copies.
#include "common/shared_text.hpp"

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
