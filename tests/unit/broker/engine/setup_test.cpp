// A fresh worker's set-up through the queue, and across the death of a broker.
#include "common/job/setup.hpp"

#include "tests/unit/broker/engine/house.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

// A pool with an initializer, stored, and a worker in it.
struct WithInitializer {
  House house{0};
  PoolNumber pool;

  WithInitializer() {
    house.broker->call("Pool.Create", R"({"name":"images","workers":1,"initializer":"load","arguments":"[7]","memoryBytes":8388608})");
    house.turn();
    house.commit();
    pool = house.broker->engine.core().pools().find("images")->record.number;
    house.hire(pool);
    house.turn();
  }
  shm::Claim claim() {
    auto claim = house.worker().claim();
    REQUIRE(claim);
    return *claim;
  }
  const CorePool& images() { return house.broker->engine.core().pools().at(pool); }
  void report(const shm::Claim& claim, Ending ending) {
    Report report;
    report.ending = ending;
    report.error_type = "ValueError";
    report.reason = "no such model";
    house.worker().report(claim, report);
    house.turn();
  }
  void submit() {
    house.broker->call("Pool.ApplyAsync", R"({"job":{"durable":false,"function":"square","arguments":"[7]","pool":"images"}})");
    house.turn();
  }
};

}  // namespace

TEST_CASE("the first offer to a fresh worker is its set-up, and jobs follow when that has ended well") {
  WithInitializer at;
  at.submit();
  const auto claim = at.claim();
  CHECK(claim.kind == shm::JobKind::setup);
  const auto setup = decode_setup(claim.payload);
  REQUIRE(setup);
  CHECK(setup->function == "load");
  CHECK(setup->arguments == "[7]");
  CHECK(setup->pool == "images");
  CHECK(setup->memory_bytes == 8'388'608);
  CHECK_FALSE(at.house.worker().claim());
  at.report(claim, Ending::returned);
  CHECK(at.claim().kind == shm::JobKind::function);
}

TEST_CASE("a set-up that failed is told with its reason, and the worker gets nothing") {
  WithInitializer at;
  at.submit();
  at.report(at.claim(), Ending::threw);
  CHECK(at.images().setup_error == "ValueError: no such model");
  CHECK_FALSE(at.house.worker().claim());
}

TEST_CASE("a broker that dies while a worker is set up leaves that to the next one") {
  WithInitializer at;
  SECTION("claimed") {
    const auto claim = at.claim();
    at.house.next_broker();
    CHECK(at.images().workers.idle_count() == 0);
    at.report(claim, Ending::returned);
  }
  SECTION("offered") {
    at.house.next_broker();
    at.report(at.claim(), Ending::returned);
  }
  SECTION("reported") {
    const auto claim = at.claim();
    Report report;
    std::vector<std::byte> bytes;
    at.house.worker().report(claim, report);
    at.house.next_broker();
  }
  CHECK(at.images().workers.idle_count() == 1);
  at.submit();
  CHECK(at.claim().kind == shm::JobKind::function);
}

TEST_CASE("a worker that has been set up is not set up again by the next broker") {
  WithInitializer at;
  at.report(at.claim(), Ending::returned);
  at.house.next_broker();
  CHECK(at.images().workers.idle_count() == 1);
  CHECK_FALSE(at.house.worker().claim());
}

TEST_CASE("a worker that dies while it is set up takes no job along, and the reason is kept") {
  WithInitializer at;
  at.claim();
  CHECK(at.house.broker->engine.worker_died(at.house.worker().incarnation, 11, 0) == 0);
  CHECK(at.images().setup_error == "worker 1 was killed by signal 11 while it was set up");
}
