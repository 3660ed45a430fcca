// The power goes while ids are reserved, and after whoever reserved them has died: none is ever given out twice.
#include <random>

#include "daemon/broker/store/id_reservation.hpp"
#include "tests/fault/power_losses.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace jobpool::testing;
using namespace jobpool::fault;

namespace {

using Kind = Change::Kind;

// After the power went, one of the many ways.
JobId first_unreserved_after(const DiskModel& model, std::mt19937& random) {
  const TempDir found(TempDir::On::memory);
  write_files(found.path(), model.after_power_loss(random));
  const auto ids = IdReservation::open(found.path());
  REQUIRE(ids);
  return ids->first_unreserved();
}

}  // namespace

TEST_CASE("no power loss gives an id out twice") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const TempDir dir(TempDir::On::memory);
    TrialDisk disk(dir.path());
    std::mt19937 random(seed);
    if (seed % 2 == 0) std::ofstream(dir.file("ids")) << "4711\n";
    for (int life = 0; life < 3; ++life) {
      auto ids = IdReservation::open(dir.path(), disk);
      REQUIRE(ids);
      for (int i = 0; i < 3; ++i) {
        REQUIRE(ids->ensure(ids->first_unreserved()));
        disk.mark(ids->first_unreserved().value);
      }
      const JobId rest{ids->first_unreserved().value - random() % 100};
      disk.mark(rest.value);
      REQUIRE(ids->give_back(rest));
    }
    DiskModel model;
    if (seed % 2 == 0) model.begin_with("ids", "4711\n");
    std::uint64_t told = 1;
    for (const Change& change : disk.changes()) {
      if (change.kind == Kind::mark) told = static_cast<std::uint64_t>(change.offset);
      REQUIRE(first_unreserved_after(model, random).value >= told);
      model.apply(change);
    }
  }
}

// The bug: a broker had named the new file, and died before the disk knew of that; nobody synced the name any more.
TEST_CASE("wherever the making of the file of ids was cut off, no power loss gives an id out twice that came after") {
  std::mt19937 random(1);
  const auto make = [](TrialDisk& disk) { return static_cast<bool>(IdReservation::open(disk.options().state_dir, disk)); };
  cut_off_at_each_change(make, [&](TrialDisk& disk) {
    auto ids = IdReservation::open(disk.options().state_dir, disk);
    REQUIRE(ids);
    REQUIRE(ids->ensure(ids->first_unreserved()));
    const DiskModel model = model_of(disk);
    for (int way = 0; way < 10; ++way) CHECK(first_unreserved_after(model, random) >= ids->first_unreserved());
  });
}

// The bug: a broker died between the write of a new number and its sync; the next one read it, gave ids out up to it, and never wrote it.
TEST_CASE("ids that a dead broker had reserved, and not synced, are not given out twice") {
  const TempDir dir(TempDir::On::memory);
  TrialDisk disk(dir.path());
  std::atomic<bool> is_failing{false};
  disk.fault = [&](const Change& change) { return is_failing && change.kind == Kind::sync ? EIO : 0; };
  constexpr JobId kNext{900};
  {
    auto ids = IdReservation::open(dir.path(), disk);
    REQUIRE(ids);
    REQUIRE(ids->ensure(JobId{1}));
    is_failing = true;
    REQUIRE_FALSE(ids->ensure(kNext));
    is_failing = false;
  }
  auto ids = IdReservation::open(dir.path(), disk);
  REQUIRE(ids);
  REQUIRE(ids->first_unreserved() > kNext);
  REQUIRE(ids->ensure(kNext));
  const DiskModel model = model_of(disk);
  std::mt19937 random(1);
  for (int way = 0; way < 20; ++way) CHECK(first_unreserved_after(model, random) >= ids->first_unreserved());
}
