// The store of the simulator keeps the contract that SqliteStore is held to.
#include "daemon/broker/store/memory_store.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/store/stored_text.hpp"
#include "tests/support/store/told.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using jobpool::testing::Told;

namespace {

using Words = std::vector<std::string>;

JobRecord job(std::uint64_t id, const std::string& key = "") {
  JobRecord record;
  record.id = JobId{id};
  record.key = key;
  record.payload = "work";
  return record;
}

Words told_by(MemoryStore& store) {
  Told told;
  store.collect(told);
  return told.all;
}

}  // namespace

TEST_CASE("nothing is committed before step, and then in order") {
  MemoryStore store;
  CHECK(store.commit({job(1)}) == 1);
  CHECK(store.commit({}) == 2);
  CHECK(store.commit({job(2)}) == 3);
  CHECK(told_by(store).empty());
  store.step(2);
  CHECK(store.in_flight() == 3);
  CHECK(told_by(store) == Words{"committed 1", "committed 2"});
  CHECK(store.in_flight() == 1);
  store.step();
  CHECK(told_by(store) == Words{"committed 3"});
  CHECK(store.load()->size() == 2);
}

TEST_CASE("a crash forgets what was not committed, and tells nothing") {
  MemoryStore store;
  store.commit({job(1)});
  store.step();
  store.commit({JobEnd{JobId{1}, Outcome::succeeded, 5, "", "42"}});
  store.crash();
  CHECK(told_by(store).empty());
  const auto found = store.load();
  REQUIRE(found->size() == 1);
  CHECK_FALSE(found->front().ended);
  CHECK(found->front().job.payload == "work");
  CHECK(store.commit({JobEnd{JobId{1}, Outcome::failed, 6, "again", "43"}}) == 1);
  store.step();
  CHECK(jobpool::testing::result_of(store, JobId{1}) == "43");
  CHECK(store.load()->front().job.payload.empty());
}

TEST_CASE("what was met is put down at its place alone") {
  MemoryStore store;
  JobRecord last = job(3);
  last.after = {{JobId{1}, Dependency::Needs::success}, {JobId{2}, Dependency::Needs::success}, {JobId{2}, Dependency::Needs::end}};
  store.commit({last});
  store.commit({DependencyMet{JobId{3}, 1}, DependencyMet{JobId{3}, 2}});
  store.step();
  const Dependencies after = store.load()->front().job.after;
  CHECK_FALSE(after.at(0).is_met_if_gone);
  CHECK(after.at(1).is_met_if_gone);
  CHECK_FALSE(after.at(2).is_met_if_gone);  // whoever needs an end alone has it in any case
}

TEST_CASE("a full store refuses new jobs and what is said of them, and takes the rest") {
  MemoryStore store;
  store.commit({job(1)});
  store.step();
  store.become_full();
  store.commit({job(2), AttemptRecord{JobId{2}, 1, 0, 7}, AttemptRecord{JobId{1}, 1, 0, 7}});
  store.commit({JobEnd{JobId{2}, Outcome::cancelled, 0, "", ""}, JobEnd{JobId{1}, Outcome::cancelled, 0, "", ""}});
  store.step();
  CHECK(told_by(store) == Words{"committed 1", "full 2: 2", "committed 2", "committed 3"});
  REQUIRE(store.load()->size() == 1);
  CHECK(store.load()->front().ended);
  store.make_room();
  store.commit({job(3)});
  store.step();
  CHECK(told_by(store) == Words{"room", "committed 4"});
}

TEST_CASE("a new job that waits for a refused one is refused as well, though there is room again") {
  MemoryStore store;
  store.become_full();
  store.commit({job(1)});
  store.step();
  store.make_room();
  JobRecord second = job(2);
  second.after = {{JobId{1}}};
  store.commit({second, job(3)});
  store.step();
  CHECK(told_by(store) == Words{"full 1: 1", "committed 1", "room", "full 2: 2", "room", "committed 2"});
  CHECK(store.load()->size() == 1);
}

TEST_CASE("a failed store says so once and commits nothing more") {
  MemoryStore store;
  store.commit({job(1)});
  store.fail(Error{Errc::io, "jobs: gone"});
  store.step();
  CHECK(told_by(store) == Words{"failed"});
  store.commit({job(2)});
  store.step();
  CHECK(told_by(store).empty());
  CHECK(jobpool::testing::result_of(store, JobId{1}) == "error: jobs: gone");
  store.crash();
  CHECK(store.load()->empty());
}

TEST_CASE("a record that breaks the order of records fails the store") {
  MemoryStore store;
  SECTION("a key that is taken") { store.commit({job(1, "key"), job(2, "key")}); }
  SECTION("a job twice") { store.commit({job(1), job(1)}); }
  SECTION("an attempt of a job that is not there") { store.commit({AttemptRecord{JobId{1}, 1, 0, 7}}); }
  SECTION("an end of an attempt that was not recorded") { store.commit({job(1), AttemptEnd{JobId{1}, {}}}); }
  SECTION("two ends") { store.commit({job(1), JobEnd{JobId{1}, {}, {}, {}, {}}, JobEnd{JobId{1}, {}, {}, {}, {}}}); }
  store.step();
  CHECK(told_by(store) == Words{"failed"});
}

TEST_CASE("a removed job's key is free again, in the same batch") {
  MemoryStore store;
  store.commit({job(1, "key")});
  store.commit({JobRemoval{JobId{1}}, job(2, "key")});
  store.step();
  CHECK(told_by(store) == Words{"committed 1", "committed 2"});
  CHECK(store.load()->size() == 1);
}
