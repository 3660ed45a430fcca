// The words that make a spare worker the worker of a place.
#include "common/control/place.hpp"

#include <string_view>

#include "common/socket.hpp"
#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::control;

namespace {

using PlaceWords = std::vector<std::string>;

SocketPair place_sockets() {
  auto pair = seqpacket_pair();
  REQUIRE(pair);
  return std::move(*pair);
}

}  // namespace

TEST_CASE("a place's words arrive as they were sent, empty ones and those with blanks too") {
  const SocketPair pair = place_sockets();
  const PlaceWords words{"--number", "3", "", "--cgroup", "/a path/\n"};
  REQUIRE(send_place(pair.first.get(), words));
  const auto received = receive_place(pair.second.get());
  REQUIRE(received);
  CHECK(*received == words);
}

TEST_CASE("a place that has not come is waited for, and one that never will is told as closed") {
  SocketPair pair = place_sockets();
  CHECK(receive_place(pair.second.get()).error().code == Errc::full);
  pair.first.reset();
  CHECK(receive_place(pair.second.get()).error().code == Errc::closed);
}

TEST_CASE("a place that is too long, or none, is not sent") {
  const SocketPair pair = place_sockets();
  CHECK(send_place(pair.first.get(), PlaceWords{std::string(10'000, 'x')}).error().code == Errc::invalid_argument);
  CHECK(send_place(pair.first.get(), PlaceWords{}).error().code == Errc::invalid_argument);
  CHECK(receive_place(pair.second.get()).error().code == Errc::full);
}

TEST_CASE("bytes that are no words are refused") {
  const SocketPair pair = place_sockets();
  const std::string_view cut("--number\0003", 10);
  REQUIRE(send_message(pair.first.get(), std::as_bytes(std::span(cut))));
  CHECK(receive_place(pair.second.get()).error().code == Errc::protocol);
  const std::string long_one(20'000, '\0');
  REQUIRE(send_message(pair.first.get(), std::as_bytes(std::span(long_one))));
  CHECK(receive_place(pair.second.get()).error().code == Errc::protocol);
}
