// Ids are durably reserved before they are given out, whatever the disk says.
#include "daemon/broker/store/id_reservation.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using jobpool::testing::TempDir;

namespace {

IdReservation open_ids(const TempDir& dir) {
  auto ids = IdReservation::open(dir.path());
  REQUIRE(ids);
  return std::move(*ids);
}

std::uint64_t in_file(const TempDir& dir) {
  std::uint64_t number = 0;
  std::ifstream{dir.file("ids")} >> number;
  return number;
}

}  // namespace

TEST_CASE("what ensure() says is reserved is in the file, with ids of the next turn to spare") {
  const TempDir dir;
  auto ids = open_ids(dir);
  for (std::uint64_t next = 1; next < 3'000'000; next += next < 10'000 ? 7 : 9'999) {
    REQUIRE(ids.ensure(JobId{next}));
    REQUIRE(in_file(dir) > next);
  }
}

TEST_CASE("a whole turn's ids that are beyond the reservation are reserved as well") {
  const TempDir dir;
  auto ids = open_ids(dir);
  REQUIRE(ids.ensure(JobId{1}));
  REQUIRE(ids.ensure(JobId{500'000}));
  CHECK(in_file(dir) > 500'000);
}

TEST_CASE("ids that could not be reserved are refused, and the file stays as it was") {
  const TempDir dir;
  auto ids = open_ids(dir);
  REQUIRE(ids.ensure(JobId{1}));
  const std::uint64_t reserved = in_file(dir);
  std::filesystem::create_directory(dir.file("ids.new"));  // as a full disk would, for root as well
  CHECK_FALSE(ids.ensure(JobId{reserved}));
  CHECK_FALSE(ids.ensure(JobId{reserved}));
  CHECK(in_file(dir) == reserved);
  CHECK(open_ids(dir).first_unreserved() == JobId{reserved});
}

TEST_CASE("a clean stop gives the rest back, a crash does not") {
  const TempDir dir;
  {
    auto ids = open_ids(dir);
    REQUIRE(ids.ensure(JobId{1}));
  }
  const JobId after_crash = open_ids(dir).first_unreserved();
  CHECK(after_crash > JobId{1'000});
  auto ids = open_ids(dir);
  REQUIRE(ids.ensure(after_crash));
  REQUIRE(ids.give_back(JobId{after_crash.value + 3}));
  CHECK(open_ids(dir).first_unreserved() == JobId{after_crash.value + 3});
}

TEST_CASE("a file that holds no id is refused, not overwritten") {
  const TempDir dir;
  const std::string text = GENERATE("", "\n", "12", "0\n", "-3\n", "12 13\n", "twelve\n", "99999999999999999999999\n");
  std::ofstream{dir.file("ids")} << text;
  const auto ids = IdReservation::open(dir.path());
  REQUIRE_FALSE(ids);
  CHECK(ids.error().code == Errc::protocol);
}
