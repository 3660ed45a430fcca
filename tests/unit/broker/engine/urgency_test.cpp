// How long records may wait for others: what the engine and the journal say of the batches that they hand over.
#include "tests/unit/broker/engine/house.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

using Urgencies = std::vector<Urgency>;

const std::string kJob = R"({"job":{"function":"square","arguments":"[7]"}})";

// A job that was offered, claimed and begun.
shm::Claim begun_in(House& house) {
  house.broker->call("Pool.ApplyAsync", kJob);
  house.turn();
  house.commit();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.store.urgencies.clear();
  return *claim;
}

class Nobody final : public JournalListener {
 public:
  void on_not_stored(const std::vector<JobId>&) override {}
  void on_store_has_room() override {}
  void on_store_stuck() override {}
  void on_store_moves() override {}
  void on_store_failed(const Error& error) override { FAIL(error.text); }
};

struct JournalAlone {
  RememberingStore store;
  Nobody nobody;
  Journal journal{store, nobody};

  // Of the batches that this turn hands over.
  Urgencies turn() {
    store.urgencies.clear();
    journal.end_turn();
    return store.urgencies;
  }
  void write(Urgency urgency) { journal.write(PoolRemoval{PoolNumber{7}}, urgency); }
};

}  // namespace

TEST_CASE("an end that somebody waits for is committed at once, another soon") {
  House house;
  const shm::Claim claim = begun_in(house);
  bool is_awaited = false;
  SECTION("awaited") {
    house.broker->call("Job.Get", R"({"id":1})");
    is_awaited = true;
  }
  SECTION("not") {}
  house.worker().report_end(claim);
  house.turn();
  CHECK(house.store.urgencies == Urgencies{is_awaited ? Urgency::now : Urgency::soon});
}

TEST_CASE("a caller with a known key does not wait for what others are in no hurry for") {
  House house;
  const shm::Claim claim = begun_in(house);
  house.worker().report_end(claim);
  const auto call = house.broker->call("Pool.ApplyAsync", R"({"job":{"function":"square","arguments":"[7]","key":"k"}})");
  house.turn();
  house.commit();
  REQUIRE(call->answers == 1);
  house.store.urgencies.clear();
  SECTION("and nothing is handed over where all is committed") {
    house.broker->call("Pool.ApplyAsync", R"({"job":{"function":"square","arguments":"[7]","key":"k"}})");
    house.worker().claim();
    house.turn();
    CHECK(house.store.urgencies.empty());
  }
  SECTION("and what is under way is hastened") {
    const auto second = house.worker().claim();
    REQUIRE(second);
    house.worker().report_end(*second);
    house.turn();
    REQUIRE(house.store.urgencies == Urgencies{Urgency::soon});
    house.broker->call("Pool.ApplyAsync", R"({"job":{"function":"square","arguments":"[7]","key":"k"}})");
    house.turn();
    CHECK(house.store.urgencies == Urgencies{Urgency::soon, Urgency::now});
  }
}

TEST_CASE("a batch is as urgent as the most urgent of its records") {
  JournalAlone alone;
  alone.write(Urgency::later);
  CHECK(alone.turn() == Urgencies{Urgency::later});
  alone.write(Urgency::later);
  alone.write(Urgency::soon);
  alone.write(Urgency::later);
  CHECK(alone.turn() == Urgencies{Urgency::soon});
  alone.write(Urgency::now);
  alone.write(Urgency::soon);
  CHECK(alone.turn() == Urgencies{Urgency::now});
  alone.write(Urgency::later);
  CHECK(alone.turn() == Urgencies{Urgency::later});
}

TEST_CASE("who waits for a commit hastens it, and an empty batch does that for those on their way") {
  // MemoryStore has no descriptor, so that the journal collects at each turn's end: nothing is committed without a step.
  JournalAlone alone;
  alone.write(Urgency::later);
  alone.journal.hurry(alone.journal.open_commit());
  CHECK(alone.turn() == Urgencies{Urgency::now});
  alone.write(Urgency::later);
  const CommitNumber waited_for = alone.journal.open_commit();
  CHECK(alone.turn() == Urgencies{Urgency::later});
  alone.journal.hurry(waited_for);
  CHECK(alone.turn() == Urgencies{Urgency::now});
  CHECK(alone.turn().empty());
  alone.store.step();
  alone.journal.collect();
  alone.journal.hurry(waited_for);  // it is there
  CHECK(alone.turn().empty());
}
