// Who of a pool's workers gets the next job: chosen as a look at each of them would choose, without one.
#include "daemon/broker/core/worker_table.hpp"

#include <random>

#include "tests/support/catch.hpp"

namespace jobpool::broker {
namespace {

constexpr std::size_t kThreads = 2;

bool may_get_more(const CoreWorker& worker) {
  return !worker.blocked && !worker.condemned && !worker.starting && !worker.reserved && worker.ending.empty();
}

// Of those with the fewest jobs the one that came first.
const CoreWorker* found_by_looking(const WorkerTable& table, std::size_t depth) {
  const CoreWorker* best = nullptr;
  for (const auto& [incarnation, worker] : table)
    if (may_get_more(worker) && worker.in_flight.size() < depth && (best == nullptr || worker.in_flight.size() < best->in_flight.size()))
      best = &worker;
  return best;
}

std::size_t jobs_behind(const WorkerTable& table) {
  std::size_t count = 0;
  for (const auto& [incarnation, worker] : table)
    if (worker.in_flight.size() > kThreads) count += worker.in_flight.size() - kThreads;
  return count;
}

TEST_CASE("the worker with the fewest jobs is known, whatever comes and goes") {
  std::mt19937 random(3);
  WorkerTable table(kThreads);
  std::uint64_t incarnations = 0, jobs = 0;
  for (int step = 0; step < 20'000; ++step) {
    const Incarnation one{1 + random() % (incarnations + 1)};
    CoreWorker* worker = table.find(one);
    const auto what = random() % 100;
    if (table.size() < 3 || what < 2) {
      table.add(Incarnation{++incarnations}, WorkerNumber{1}, what == 0 ? WorkerTable::Condition::starting : WorkerTable::Condition::ready);
    } else if (worker == nullptr) {
      continue;
    } else if (what < 4) {
      table.remove(one);
    } else if (what < 6) {
      table.condemn(one);
    } else if (what < 8) {
      worker->blocked = true;
    } else if (what < 50 && worker->in_flight.size() < 6) {
      table.put(*worker, JobId{++jobs});
    } else if (!worker->in_flight.empty()) {
      table.take(*worker, worker->in_flight[random() % worker->in_flight.size()]);
    }
    for (const std::size_t depth : {1, 2, 4, 7}) REQUIRE(table.least_loaded(depth) == found_by_looking(table, depth));
    REQUIRE(table.standing_behind() == jobs_behind(table));
  }
}

TEST_CASE("a job that a worker does not have leaves it as it is") {
  WorkerTable table(kThreads);
  CoreWorker& worker = table.add(Incarnation{1}, WorkerNumber{1});
  table.put(worker, JobId{1});
  table.take(worker, JobId{2});  // of another's
  CHECK(table.in_flight() == 1);
  CHECK(table.least_loaded(1) == nullptr);
  CHECK(table.least_loaded(2) == &worker);
}

}  // namespace
}  // namespace jobpool::broker
