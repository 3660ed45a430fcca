// jobpoold and its workers: births, deaths, burials, and what a new broker learns of them.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>

#include "common/clock.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/supervisor/house_harness.hpp"

using namespace jobpool;
using control::Kind;
using control::OrderKind;
using test::Broker;
using test::House;
using test::inode_of;
using test::start_worker;
using test::Worker;

namespace {

void expect_death(Broker& broker, Incarnation incarnation, int code, int value) {
  const auto died = broker.expect(Kind::worker_died).message;
  CHECK(died.incarnation == incarnation);
  CHECK(died.code == code);
  CHECK(died.value == value);
}

}  // namespace

TEST_CASE("a worker gets its descriptors and nothing else, and the limits that the daemon was started with") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const Worker worker = start_worker(broker, 7);
  CHECK(worker.number == 7);
  CHECK(worker.incarnation == Incarnation{1});
  CHECK(worker.pid > 0);
  worker.order(OrderKind::signal, 0);
  const auto answer = worker.answer();
  CHECK(answer.value == 11);  // stdin, stdout, stderr and eight of its own
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(answer.usec == static_cast<std::int64_t>(limit.rlim_cur));
}

TEST_CASE("a worker's death is told with its cause, and its number can be started again as another incarnation") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const Worker first = start_worker(broker, 1);
  ::kill(first.pid, SIGKILL);
  expect_death(broker, first.incarnation, CLD_KILLED, SIGKILL);
  const Worker second = start_worker(broker, 1);
  CHECK(second.incarnation > first.incarnation);
  second.order(OrderKind::stop, 42);
  expect_death(broker, second.incarnation, CLD_EXITED, 42);
  const Worker third = start_worker(broker, 1);
  broker.kill_worker(third.incarnation);
  expect_death(broker, third.incarnation, CLD_KILLED, SIGKILL);
}

TEST_CASE("what a dead worker left behind is dead before its death is told") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const Worker worker = start_worker(broker, 1);
  const Worker neighbour = start_worker(broker, 2);
  worker.leave_behind(5);
  CHECK(House::processes_of(house.instance()).size() == 3 + 5);
  ::kill(worker.pid, SIGKILL);
  expect_death(broker, worker.incarnation, CLD_KILLED, SIGKILL);
  CHECK(House::processes_of(house.instance()).size() == 2);
  CHECK(!neighbour.is_zombie_or_gone());
}

TEST_CASE("a new broker learns of all workers, the dead ones that nobody forgot included, and works with the same memory") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  const Worker alive = start_worker(first, 1), dead = start_worker(first, 2), forgotten = start_worker(first, 3);
  ::kill(dead.pid, SIGKILL);
  expect_death(first, dead.incarnation, CLD_KILLED, SIGKILL);
  forgotten.order(OrderKind::leave);
  expect_death(first, forgotten.incarnation, CLD_EXITED, 0);
  first.forget(forgotten.incarnation);
  const Worker last = start_worker(first, 4);  // comes after the forgetting was read
  first.die();

  auto second = house.next_broker();
  second.expect(Kind::welcome);
  auto message = second.expect(Kind::worker_started);
  CHECK(message.message.value == 1);
  const Worker inherited(std::move(message));
  CHECK(inherited.incarnation == alive.incarnation);
  CHECK(inherited.number == 1);
  CHECK(inherited.pid == alive.pid);
  for (std::size_t i = 0; i < 6; ++i) CHECK(inode_of(inherited.fds[i]) == inode_of(alive.fds[i]));
  const Worker remembered(second.expect(Kind::worker_started));
  CHECK(remembered.incarnation == dead.incarnation);
  for (std::size_t i = 0; i < 4; ++i) CHECK(inode_of(remembered.fds[i]) == inode_of(dead.fds[i]));
  expect_death(second, dead.incarnation, CLD_KILLED, SIGKILL);
  CHECK(Worker(second.expect(Kind::worker_started)).incarnation == last.incarnation);
  second.expect(Kind::handover_done);

  // The worker did not notice.
  inherited.order(OrderKind::signal, 0);
  CHECK(inherited.answer().value == 11);
  CHECK(start_worker(second, 2).incarnation > last.incarnation);
}

TEST_CASE("a worker that dies while there is no broker is told to the next one") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  const Worker worker = start_worker(first, 1);
  ::kill(house.pid(), SIGSTOP);  // so that both deaths are noticed in one turn
  first.die();
  ::kill(worker.pid, SIGKILL);
  ::kill(house.pid(), SIGCONT);
  auto second = house.next_broker();
  second.expect(Kind::welcome);
  CHECK(Worker(second.expect(Kind::worker_started)).incarnation == worker.incarnation);
  // Before or after the end of the hand-over, but once.
  auto next = second.next();
  const bool handed_over = next.message.kind == Kind::handover_done;
  if (handed_over) next = second.next();
  CHECK(next.message.kind == Kind::worker_died);
  CHECK(next.message.incarnation == worker.incarnation);
  if (!handed_over) second.expect(Kind::handover_done);
}

TEST_CASE("wishes of the broker that make no sense change nothing") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const Worker worker = start_worker(broker, 1);
  broker.start_worker(1);
  broker.start_worker(0);
  broker.start_worker(4097);
  broker.forget(Incarnation{999});
  broker.forget(worker.incarnation);
  broker.kill_worker(Incarnation{999});
  broker.say(Kind::drain);
  broker.say(Kind::drained);
  const Worker next = start_worker(broker, 2);
  CHECK(next.incarnation.value == worker.incarnation.value + 1);
  CHECK(!worker.is_zombie_or_gone());
}

TEST_CASE("a worker that cannot start is tried at once five times, then with growing pauses") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const TimePoint begun = Clock::now();
  for (int i = 0; i < 10; ++i) {
    const Worker worker = start_worker(broker, 100);
    expect_death(broker, worker.incarnation, CLD_EXITED, 3);
    broker.forget(worker.incarnation);
  }
  // Each from the death on; how slow the rest is, adds to that.
  CHECK(Clock::now() - begun >= std::chrono::milliseconds(10 + 20 + 40 + 80));
}

TEST_CASE("workers killed by the hundred are all told and replaced") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  constexpr std::uint32_t kWorkers = 8;
  std::vector<Worker> workers;
  for (std::uint32_t number = 1; number <= kWorkers; ++number) workers.push_back(start_worker(broker, number));
  for (int round = 0; round < 20; ++round) {
    for (const Worker& worker : workers) ::kill(worker.pid, SIGKILL);
    std::size_t started = 0;
    std::vector<Worker> next;
    while (started < kWorkers) {
      auto message = broker.next();
      if (message.message.kind == Kind::worker_started) {
        next.emplace_back(std::move(message));
        ++started;
        continue;
      }
      REQUIRE(message.message.kind == Kind::worker_died);
      broker.forget(message.message.incarnation);
      for (const Worker& worker : workers) {
        if (worker.incarnation == message.message.incarnation) broker.start_worker(worker.number);
      }
    }
    workers = std::move(next);
  }
  for (const Worker& worker : workers) {
    worker.order(OrderKind::signal, 0);
    CHECK(worker.answer().value == 11);
  }
  CHECK(House::processes_of(house.instance()).size() == kWorkers + 1);
}
