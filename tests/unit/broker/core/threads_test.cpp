// Pools whose workers have threads: who gets the next job, what a death costs, and who runs by himself afterwards.
#include <algorithm>

#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

namespace {

// A pool of three threads a worker, whose workers join by hand.
struct Threaded {
  CoreDriver driver;
  PoolNumber pool;

  explicit Threaded(std::initializer_list<std::uint64_t> workers, PoolSettings settings = {}) {
    settings.name = "threads";
    settings.size = 2;
    settings.threads = 3;
    pool = driver.create_pool(std::move(settings));
    for (const std::uint64_t worker : workers) driver.join_pool(worker, pool);
  }
  std::vector<JobId> submit(std::size_t count, std::uint16_t retries = 0) {
    std::vector<JobId> all;
    for (; count > 0; --count) {
      Submit event = CoreDriver::a_submission();
      event.pool = pool;
      event.retries = retries;
      event.grace = 5s;
      all.push_back(driver.submit(std::move(event)));
    }
    return all;
  }
  // Offered in this turn, and started.
  void run(const std::vector<JobId>& jobs) {
    driver.end_turn();
    for (const JobId job : jobs) driver.start(job);
  }
  std::size_t offers_to(std::uint64_t worker) const {
    const auto offers = driver.all<OfferJob>();
    return static_cast<std::size_t>(std::ranges::count_if(offers, [&](const OfferJob& one) { return one.worker == Incarnation{worker}; }));
  }
  void slow_down() { driver.core.pools().at(pool).usual_run = 1s; }
};

}  // namespace

TEST_CASE("each thread gets a job, idle workers first, and none stands behind slow ones") {
  Threaded at({1, 2});
  at.slow_down();
  at.submit(3);
  at.driver.end_turn();
  CHECK(at.offers_to(1) + at.offers_to(2) == 3);
  CHECK(at.offers_to(1) > 0);
  CHECK(at.offers_to(2) > 0);
  at.submit(5);
  at.driver.end_turn();
  CHECK(at.offers_to(1) + at.offers_to(2) == 3);
  CHECK(at.driver.pool(at.pool).workers.in_flight() == 6);
  CHECK(at.driver.pool(at.pool).workers.free_threads() == 0);
}

TEST_CASE("an offer behind running jobs is taken back for a thread that has become free") {
  Threaded at({1});
  const auto jobs = at.submit(4);  // of usual length: one stands behind three
  at.driver.end_turn();
  REQUIRE(at.offers_to(1) == 4);
  for (std::size_t i = 0; i < 3; ++i) at.driver.start(jobs[i]);
  at.driver.join_pool(2, at.pool);
  at.driver.end_turn();
  REQUIRE(at.driver.find<RevokeJob>() != nullptr);
  CHECK(at.driver.find<RevokeJob>()->job == jobs[3]);
  at.driver.tell(Revoked{jobs[3], true});
  at.driver.end_turn();
  CHECK(at.offers_to(2) == 1);
}

TEST_CASE("a death costs the jobs that had started, one a thread, the others go back, and nobody is called crashed for it") {
  Threaded at({1});
  const auto jobs = at.submit(4);
  at.run({jobs[0], jobs[1]});
  at.driver.tell(WorkerLost{Incarnation{1}, {jobs[3]}, {jobs[0], jobs[1], jobs[2]}, 11, 0, {0, 7, 0}});
  for (int i = 0; i < 3; ++i) CHECK(at.driver.job(jobs[static_cast<std::size_t>(i)]).outcome == Outcome::interrupted);
  const std::string reason{at.driver.job(jobs[1]).reason};
  CHECK(reason ==
        "worker 1 was killed by signal 11 after this job had started, in item 7 of its chunk, and 2 more in other threads; whose "
        "fault it was is not known");
  CHECK(at.driver.job(jobs[3]).state == JobState::ready);
}

TEST_CASE("a function that was alone in its worker crashed, whatever threads there are") {
  Threaded at({1});
  const auto jobs = at.submit(1);
  at.run(jobs);
  at.driver.tell(WorkerLost{Incarnation{1}, {}, {jobs[0]}, 11, 0});
  CHECK(at.driver.job(jobs[0]).outcome == Outcome::crashed);
}

TEST_CASE("who was there when a worker died runs by himself when he is tried again, so that his fault costs no other") {
  Threaded at({1});
  const auto jobs = at.submit(3, 5);
  at.run(jobs);
  at.driver.tell(WorkerLost{Incarnation{1}, {}, jobs, 11, 0});
  at.driver.join_pool(2, at.pool);
  at.driver.join_pool(3, at.pool);
  at.submit(4);
  at.driver.end_turn();
  CHECK(at.offers_to(2) == 1);
  CHECK(at.offers_to(3) == 1);
  // The first was not to blame, and the next suspect follows; nobody comes beside it.
  const JobId done = at.driver.find<OfferJob>()->job;
  at.driver.start(done);
  at.driver.report(done);
  at.driver.end_turn();
  CHECK(at.driver.all<OfferJob>().size() == 1);
}

TEST_CASE("the second and third death of a suspect are its own: it is poison, and nobody else is") {
  Threaded at({1});
  const auto jobs = at.submit(2, 9);
  at.run(jobs);
  at.driver.tell(WorkerLost{Incarnation{1}, {}, jobs, 11, 0});
  at.driver.join_pool(2, at.pool);
  at.run({jobs[0]});
  at.driver.tell(WorkerLost{Incarnation{2}, {}, {jobs[0]}, 11, 0});
  at.driver.join_pool(3, at.pool);
  at.run({jobs[1]});  // it was before
  at.driver.report(jobs[1]);
  at.run({jobs[0]});
  at.driver.tell(WorkerLost{Incarnation{3}, {}, {jobs[0]}, 11, 0});
  CHECK(at.driver.job(jobs[0]).outcome == Outcome::poison);
  CHECK(at.driver.job(jobs[1]).outcome == Outcome::succeeded);
}

TEST_CASE("a job that does not stop within its grace is ended with its worker, and the others there are not blamed") {
  Threaded at({1});
  const auto jobs = at.submit(2, 3);
  at.run(jobs);
  at.driver.tell(Cancel{jobs[0], Cancel::Haste::grace, "somebody cancelled it"});
  at.submit(1);
  at.driver.end_turn();
  CHECK(at.driver.find<OfferJob>() == nullptr);  // nothing new beside one that may have to be killed
  at.driver.now.steady += 6s;
  at.driver.tell(Tick{});
  REQUIRE(at.driver.find<KillWorker>() != nullptr);
  at.driver.tell(WorkerLost{Incarnation{1}, {}, jobs, 9, 0});
  CHECK(at.driver.job(jobs[0]).outcome == Outcome::cancelled);
  const Job& other = at.driver.job(jobs[1]);
  CHECK(other.workers_killed == 0);
  REQUIRE(other.earlier.size() == 1);
  CHECK(other.earlier[0].outcome == Outcome::interrupted);
  CHECK(std::string{other.earlier[0].reason} == "another job had to be ended with worker 1, in which this one ran as well");
}

TEST_CASE("tasks of a worker are counted over its threads, and an elastic pool has as many workers as its jobs have threads") {
  PoolSettings settings;
  settings.max_tasks = 2;
  Threaded at({1}, settings);
  const auto jobs = at.submit(5);
  at.driver.end_turn();
  CHECK(at.offers_to(1) == 2);
  PoolSettings elastic;
  elastic.min = 0;
  Threaded other({}, elastic);
  other.driver.tell(StaffPools{0});
  other.submit(4);
  other.driver.end_turn();
  CHECK(other.driver.all<StartWorker>().size() == 2);
}

TEST_CASE("an elastic pool has another worker for a job that those that are there do not take, however many threads they have") {
  // The bug: workers were counted by the jobs that their threads would have room for, and the job waited for as long as another one ran.
  PoolSettings elastic;
  elastic.min = 0;
  SECTION("the worker is of the program before a reload, and its job goes on") {
    Threaded at({}, elastic);
    at.driver.tell(StaffPools{0});
    const JobId first = at.submit(1).front();
    at.driver.end_turn();
    REQUIRE(at.driver.all<StartWorker>().size() == 1);
    at.driver.join_pool(1, at.pool);
    at.slow_down();
    at.run({first});
    at.driver.tell(WorkerCondemned{Incarnation{1}, WorkerCondemned::Why::leaves});
    at.driver.end_turn();
    const JobId second = at.submit(1).front();
    at.driver.end_turn();
    REQUIRE(at.driver.all<StartWorker>().size() == 1);
    at.driver.end_turn();
    CHECK(at.driver.find<StartWorker>() == nullptr);  // it is on its way
    at.driver.join_pool(2, at.pool);
    at.driver.end_turn();
    CHECK(at.driver.job(second).worker == Incarnation{2});
  }
  SECTION("the job needs a worker for itself") {
    Threaded at({}, elastic);
    at.driver.tell(StaffPools{0});
    at.submit(1);
    at.driver.end_turn();
    at.driver.join_pool(1, at.pool);
    at.driver.end_turn();
    Submit streams = CoreDriver::a_submission();
    streams.pool = at.pool;
    streams.flags.has_descriptors = true;
    at.driver.submit(std::move(streams));
    at.driver.end_turn();
    CHECK(at.driver.all<StartWorker>().size() == 1);
  }
}

TEST_CASE("who joins a closed pool is told when the workers have left that were on their way when it was closed") {
  // The bug: the pool was told to be empty when it was closed, its workers came after that, and nothing was told when they had left.
  Threaded at({});
  at.driver.tell(StaffPools{0});
  at.driver.end_turn();
  REQUIRE(at.driver.all<StartWorker>().size() == 2);
  at.driver.tell(ClosePool{at.pool});
  at.driver.end_turn();
  for (const std::uint64_t worker : {1, 2}) {
    CHECK(at.driver.find<PoolLeft>() == nullptr);
    at.driver.join_pool(worker, at.pool);
    at.driver.end_turn();
    REQUIRE(at.driver.find<DismissWorker>() != nullptr);
    CHECK(at.driver.find<PoolLeft>() == nullptr);
    at.driver.tell(WorkerLost{Incarnation{worker}, {}, {}, 0, 0});
    at.driver.end_turn();
  }
  CHECK(at.driver.find<PoolLeft>() != nullptr);
}
