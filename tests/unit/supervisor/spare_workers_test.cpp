// Processes that are started ahead and take the next worker's place.
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <vector>

#include "daemon/supervisor/process_scan.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/supervisor/house_harness.hpp"

using namespace jobpool;
using control::Kind;
using control::OrderKind;
using test::Broker;
using test::House;
using test::start_worker;
using test::Worker;
using testing::wait_until;

namespace {

constexpr const char* kOneSpare = "export JOBPOOLD_SPARE_WORKERS=1; exec";

// Those of the house that are neither its broker nor one of these workers.
std::vector<pid_t> spares_of(const House& house, const Broker& broker, const std::vector<pid_t>& workers) {
  std::vector<pid_t> found = House::processes_of(house.instance());
  std::erase_if(found,
                [&](pid_t pid) { return pid == broker.pid || pid == house.pid() || std::ranges::find(workers, pid) != workers.end(); });
  return found;
}

bool is_alive(pid_t pid) {
  const auto status = supervisor::process_status(pid);
  return status && status->state != 'Z';
}

pid_t wait_for_spare(const House& house, const Broker& broker, const std::vector<pid_t>& workers) {
  std::vector<pid_t> found;
  REQUIRE(wait_until([&] {
    found = spares_of(house, broker, workers);
    return found.size() == 1;
  }));
  return found.front();
}

}  // namespace

TEST_CASE("whoever dies is replaced by the spare worker, which is told its number and has all that a worker has, and another is kept") {
  House house({}, kOneSpare);
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const Worker first = start_worker(broker, 1);
  const pid_t spare = wait_for_spare(house, broker, {first.pid});
  REQUIRE(::kill(first.pid, SIGKILL) == 0);
  CHECK(broker.expect(Kind::worker_died).message.incarnation == first.incarnation);
  const Worker second = start_worker(broker, 1);
  CHECK(second.pid == spare);
  CHECK(second.incarnation > first.incarnation);
  second.order(OrderKind::signal, 0);
  CHECK(second.answer().value == 11);  // stdin, stdout, stderr and eight of its own
  const pid_t next = wait_for_spare(house, broker, {second.pid});
  CHECK(next != spare);
  // The fake one of this number exits with 3: it was told it.
  const Worker third = start_worker(broker, 100);
  CHECK(third.pid == next);
  const auto died = broker.expect(Kind::worker_died).message;
  CHECK(died.incarnation == third.incarnation);
  CHECK(died.code == CLD_EXITED);
  CHECK(died.value == 3);
}

TEST_CASE("a spare worker's death is nobody's business, and it is replaced") {
  House house({}, kOneSpare);
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const Worker worker = start_worker(broker, 1);
  const pid_t spare = wait_for_spare(house, broker, {worker.pid});
  REQUIRE(::kill(spare, SIGKILL) == 0);
  pid_t next = spare;
  REQUIRE(wait_until([&] {
    const auto found = spares_of(house, broker, {worker.pid});
    if (found.size() == 1) next = found.front();
    return next != spare;
  }));
  CHECK(start_worker(broker, 2).pid == next);  // and nothing was said before
}

TEST_CASE("a worker of several threads is never a spare one, whose memory is made for one") {
  House house({}, kOneSpare);
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const Worker one = start_worker(broker, 1);
  const pid_t spare = wait_for_spare(house, broker, {one.pid});
  broker.start_worker(2, 4);
  const Worker several(broker.expect(Kind::worker_started));
  CHECK(several.pid != spare);
  CHECK(start_worker(broker, 3).pid == spare);
}

TEST_CASE("as many are kept as the configuration says") {
  House house({}, "export JOBPOOLD_SPARE_WORKERS=3; exec");
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const Worker worker = start_worker(broker, 1);
  std::vector<pid_t> spares;
  REQUIRE(wait_until([&] {
    spares = spares_of(house, broker, {worker.pid});
    return spares.size() == 3;
  }));
  for (std::uint32_t number = 2; number < 5; ++number) {
    const pid_t pid = start_worker(broker, number).pid;
    CHECK(std::ranges::find(spares, pid) != spares.end());
  }
}

TEST_CASE("the spare worker leaves with the daemon, however that ends") {
  House house({}, kOneSpare);
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const Worker worker = start_worker(broker, 1);
  const pid_t spare = wait_for_spare(house, broker, {worker.pid});
  SECTION("as asked") {
    house.signal(SIGINT);
    broker.expect(Kind::stop_now);
    broker.die();
    CHECK(house.wait() == 0);
    CHECK_FALSE(is_alive(spare));
  }
  SECTION("by a kill") {
    house.signal(SIGKILL);
    CHECK(house.wait() == -SIGKILL);
    CHECK(wait_until([&] { return !is_alive(spare); }));
  }
}

TEST_CASE("a reload leaves no spare worker of the earlier program, and keeps one of the new") {
  House house({}, kOneSpare);
  auto first = house.next_broker();
  first.expect_empty_handover();
  const Worker worker = start_worker(first, 1);
  const pid_t spare = wait_for_spare(house, first, {worker.pid});
  house.signal(SIGHUP);
  first.expect_end();
  auto second = house.next_broker();
  second.expect(Kind::welcome);
  CHECK(Worker(second.expect(Kind::worker_started)).incarnation == worker.incarnation);
  second.expect(Kind::handover_done);
  CHECK(wait_until([&] { return !is_alive(spare); }));
  const Worker next = start_worker(second, 2);
  CHECK(next.pid != spare);
  const pid_t kept = wait_for_spare(house, second, {worker.pid, next.pid});
  CHECK(start_worker(second, 3).pid == kept);
  CHECK_FALSE(worker.is_zombie_or_gone());
}
