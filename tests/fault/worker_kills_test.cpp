// A worker is killed at random times, again and again, while a broker keeps it busy with every kind of work.
#include <sys/wait.h>

#include <chrono>
#include <iostream>

#include "tests/fault/broker_life.hpp"
#include "tests/fault/worker_life.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_size.hpp"

namespace jobpool::fault {
namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;

microseconds time_left(steady_clock::time_point end) {
  return std::max(microseconds(0), std::chrono::duration_cast<microseconds>(end - steady_clock::now()));
}

struct Desk {
  explicit Desk(std::uint32_t threads) : fds(*shm::create_segment(threads)) {}

  shm::SegmentFds fds;
  pid_t worker = -1;

  void open(BrokerLife& broker, const Ledger& ledger) {
    broker.take(*shm::OfferSide::map(fds, shm::OfferSide::Origin::fresh), fds.eventfd.get());
    worker = spawn_worker(fds, ledger);
  }
};

}  // namespace

TEST_CASE("every job is accounted for when workers, of one thread or three, are killed at random times") {
  const std::uint32_t threads = GENERATE(1u, 3u);
  const int kills = testing::heavy_of_size(1'000, 20'000);
  const Ledger ledger;
  BrokerLife broker(ledger, 3);
  std::mt19937 random(4);
  int exited_by_itself = 0;
  for (int kill = 0; kill < kills && ledger->broken == 0; ++kill) {
    Desk desk(threads);
    desk.open(broker, ledger);
    const auto end = steady_clock::now() + microseconds(random() % 3000);
    while (steady_clock::now() < end) {
      broker.turn();
      if (kill % 2 == 0 || random() % 8 != 0) broker.sleep(time_left(end));
    }
    exited_by_itself += ::waitpid(desk.worker, nullptr, WNOHANG) != 0;
    kill_and_reap(desk.worker);
    broker.bury();
  }

  ledger->closing = true;
  Desk last(threads);
  last.open(broker, ledger);
  while (!broker.is_settled() && ledger->broken == 0) {
    broker.turn();
    broker.sleep(std::chrono::seconds(1));
  }
  kill_and_reap(last.worker);

  const auto& figures = broker.figures();
  std::cout << "worker of " << threads << " threads killed " << kills << " times over " << ledger->accepted << " jobs: " << figures.reported
            << " reported, " << figures.interrupted << " interrupted, " << figures.cancelled << " cancelled, " << figures.requeued_by_death
            << " requeued unstarted, " << figures.revoked << " revoked\n";
  INFO(ledger.first_broken());
  CHECK(ledger->broken == 0);
  CHECK(exited_by_itself == 0);
  CHECK(ledger.count_misfits() == 0);
  CHECK(figures.reported + figures.interrupted + figures.cancelled == ledger->accepted);
  CHECK(figures.interrupted > 0);
  CHECK(figures.requeued_by_death > 0);
}

}  // namespace jobpool::fault
