// Job ids are never given out twice, whatever happens to the file that says so.
#include "daemon/broker/store/id_reservation.hpp"

#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/store/trial_disk.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::testing;

namespace {

namespace fs = std::filesystem;

IdReservation opened_ids(const TempDir& dir, Disk& disk = system_disk()) {
  auto ids = IdReservation::open(dir.path(), disk);
  if (!ids) FAIL(ids.error().text);
  return std::move(*ids);
}

std::uint64_t first_in(const TempDir& dir) { return opened_ids(dir).first_unreserved().value; }

void overwrite(const std::string& path, std::size_t offset, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset));
  file << bytes;
}

}  // namespace

TEST_CASE("ids begin with 1 and go on behind what was reserved") {
  const TempDir dir;
  {
    auto ids = opened_ids(dir);
    CHECK(ids.first_unreserved() == JobId{1});
    REQUIRE(ids.ensure(JobId{1}));
    CHECK(ids.first_unreserved() == JobId{1'025});
    REQUIRE(ids.ensure(JobId{2}));  // far from the end: nothing to do
    CHECK(ids.first_unreserved() == JobId{1'025});
    REQUIRE(ids.ensure(JobId{900}));
  }
  CHECK(first_in(dir) == 3'073);
}

TEST_CASE("a clean stop gives the rest of the block back") {
  const TempDir dir;
  {
    auto ids = opened_ids(dir);
    REQUIRE(ids.ensure(JobId{1}));
    REQUIRE(ids.give_back(JobId{17}));
  }
  CHECK(first_in(dir) == 17);
  REQUIRE(opened_ids(dir).give_back(JobId{99}));
  CHECK(first_in(dir) == 17);
}

TEST_CASE("a file of decimal text, as the first version wrote it, is read and replaced by slots") {
  const TempDir dir;
  std::ofstream(dir.file("ids")) << "4711\n";
  CHECK(first_in(dir) == 4'711);
  CHECK(fs::file_size(dir.file("ids")) == kIdFileBytes);
  CHECK(first_in(dir) == 4'711);
}

TEST_CASE("a file that is no reservation is refused, with the way out") {
  const TempDir dir;
  const auto check = [&](const std::string& content) {
    std::ofstream(dir.file("ids"), std::ios::binary) << content;
    const auto ids = IdReservation::open(dir.path());
    REQUIRE_FALSE(ids);
    CHECK(ids.error().code == Errc::protocol);
    CHECK(ids.error().text.find("/ids: damaged; restore it from a backup, or write a number") != std::string::npos);
  };
  check("");
  check("0\n");
  check("12");
  check("12\n13\n");
  check("-1\n");
  check("99999999999999999999\n");
  check(std::string(kIdFileBytes, 'x'));
  check(encode({1, 5}));
  check(std::string(kIdFileBytes + 1, '\0'));
}

TEST_CASE("a slot that is spoiled costs ids, and none is given out twice") {
  const TempDir dir;
  const std::size_t offset = GENERATE(std::size_t{0}, kIdSlotDistance);
  {
    auto ids = opened_ids(dir);
    REQUIRE(ids.ensure(JobId{1}));
  }
  overwrite(dir.file("ids"), offset + 20, "x");
  const std::uint64_t first = first_in(dir);
  CHECK(first >= 1'025);
  CHECK(first_in(dir) == first);  // mended: it costs once
}

TEST_CASE("slots know every byte of theirs") {
  const std::string bytes = encode({7, 4'711});
  REQUIRE(bytes.size() == kIdSlotBytes);
  REQUIRE(decode_slot(bytes));
  CHECK(decode_slot(bytes)->number == 4'711);
  CHECK(decode_slot(bytes)->counter == 7);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string spoiled = bytes;
    spoiled[at] = static_cast<char>(spoiled[at] ^ 0x10);
    CHECK_FALSE(decode_slot(spoiled));
  }
  CHECK_FALSE(decode_slot(bytes.substr(1)));
  CHECK_FALSE(decode_slot(encode({7, 0})));
}

TEST_CASE("ids are reserved on a full disk") {
  const TempDir dir;
  TrialDisk disk(dir.path());
  auto ids = opened_ids(dir, disk);
  disk.set_room(0);
  for (std::uint64_t next = 1; next < 10'000'000; next = ids.first_unreserved().value) REQUIRE(ids.ensure(JobId{next}));
}

TEST_CASE("what could not be written is not reserved") {
  const TempDir dir;
  TrialDisk disk(dir.path());
  auto ids = opened_ids(dir, disk);
  disk.fault = [](const Change& change) { return change.kind == Change::Kind::sync ? EIO : 0; };
  CHECK_FALSE(ids.ensure(JobId{1}));
  CHECK(ids.first_unreserved() == JobId{1});
}
