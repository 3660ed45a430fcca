// How many workers a pool has: asked for, sent away, replaced, set up; all by a hand-turned clock.
#include <set>

#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

namespace {

// A house whose default pool is empty, and a pool that is looked at. The supervisor is quick: who is asked for joins in the same turn.
struct Staffed {
  CoreDriver driver;
  PoolNumber pool;
  std::uint64_t last = 0;
  std::set<std::uint32_t> numbers;  // of the living

  explicit Staffed(PoolSettings settings) {
    settings.name = "images";
    pool = driver.create_pool(std::move(settings));
    driver.tell(StaffPools{0});
  }
  std::size_t turn() {
    driver.end_turn();
    const auto asked = driver.all<StartWorker>();
    const Effects kept = driver.effects;
    Effects more;
    for (const StartWorker& start : asked) {
      CHECK(start.pool == pool);
      CHECK(numbers.insert(start.number.value).second);  // one number, one worker
      WorkerJoined joined;
      joined.incarnation = Incarnation{++last};
      joined.number = start.number;
      joined.pool = pool;
      driver.core.handle(joined, driver.now, more);
    }
    driver.effects = kept;
    driver.effects.insert(driver.effects.end(), more.begin(), more.end());
    return asked.size();
  }
  void lose(Incarnation worker, int signal = 0) {
    numbers.erase(driver.core.pools().pool_of(worker)->workers.find(worker)->number.value);
    driver.tell(WorkerLost{worker, {}, {}, signal, 0});
  }
  std::vector<Incarnation> dismissed() const {
    std::vector<Incarnation> all;
    for (const DismissWorker& one : driver.all<DismissWorker>()) all.push_back(one.worker);
    return all;
  }
  JobId run() {
    const JobId id = driver.submit_to(pool);
    turn();
    driver.start(id);
    return id;
  }
};

PoolSettings of_size(std::uint32_t size) {
  PoolSettings settings;
  settings.size = size;
  return settings;
}

}  // namespace

TEST_CASE("nobody is asked for before the house is known, then each pool gets its workers, under numbers of their own") {
  CoreDriver driver;
  PoolSettings settings = of_size(2);
  settings.name = "images";
  driver.create_pool(settings);
  driver.end_turn();
  CHECK(driver.find<StartWorker>() == nullptr);
  driver.tell(StaffPools{3});
  driver.end_turn();
  std::set<std::uint32_t> numbers;
  std::map<PoolNumber, int> of_pool;
  for (const StartWorker& start : driver.all<StartWorker>()) {
    numbers.insert(start.number.value);
    ++of_pool[start.pool];
  }
  CHECK(numbers == std::set<std::uint32_t>{1, 2, 3, 4, 5});
  CHECK(of_pool[kDefaultPoolNumber] == 3);
  driver.end_turn();
  CHECK(driver.find<StartWorker>() == nullptr);  // once
}

TEST_CASE("a worker that died is replaced, under its number") {
  Staffed at(of_size(2));
  CHECK(at.turn() == 2);
  at.lose(Incarnation{1}, 9);
  CHECK(at.turn() == 1);
  CHECK(at.numbers == std::set<std::uint32_t>{1, 2});
}

TEST_CASE("a larger size brings workers, a smaller one sends them away, those without a job first") {
  Staffed at(of_size(3));
  at.turn();
  const JobId job = at.run();
  at.driver.tell(ResizePool{at.pool, 1});
  at.turn();
  CHECK(at.dismissed().size() == 2);
  for (const Incarnation worker : at.dismissed()) CHECK(worker != at.driver.job(job).worker);
  at.driver.tell(ResizePool{at.pool, 4});
  CHECK(at.turn() == 1);  // two are still on their way out
}

TEST_CASE("a pool that is drained lets its jobs end, what stood behind them is taken back and waits") {
  Staffed at(of_size(1));
  at.turn();
  const JobId running = at.run(), behind = at.driver.submit_to(at.pool);
  at.turn();
  REQUIRE(at.driver.job(behind).offered);
  at.driver.tell(ResizePool{at.pool, 0});
  at.turn();
  REQUIRE(at.driver.find<RevokeJob>() != nullptr);
  CHECK(at.driver.find<RevokeJob>()->job == behind);
  CHECK(at.dismissed() == std::vector{Incarnation{1}});
  at.driver.tell(Revoked{behind, true});
  at.driver.report(running);
  CHECK(at.driver.job(running).outcome == Outcome::succeeded);
  at.turn();
  at.lose(Incarnation{1});
  CHECK(at.turn() == 0);
  CHECK(at.driver.job(behind).state == JobState::ready);
  at.driver.tell(ResizePool{at.pool, 1});
  CHECK(at.turn() == 1);
  at.turn();
  CHECK(at.driver.job(behind).offered);
}

TEST_CASE("the workers of a closed pool leave when its last job has ended, and are not replaced") {
  Staffed at(of_size(2));
  at.turn();
  const JobId job = at.run();
  at.driver.tell(ClosePool{at.pool});
  at.turn();
  CHECK(at.dismissed().empty());
  at.driver.report(job);
  at.turn();
  CHECK(at.dismissed().size() == 2);
  at.lose(Incarnation{1});
  at.lose(Incarnation{2});
  CHECK(at.turn() == 0);
  CHECK(at.driver.find<PoolLeft>() != nullptr);
  at.driver.tell(ResumePool{at.pool});
  CHECK(at.turn() == 2);
}

TEST_CASE("a worker that was told to leave and does not is killed, in a terminated pool soon") {
  Staffed at(of_size(1));
  at.turn();
  SECTION("a closed pool gives it time") {
    at.driver.tell(ClosePool{at.pool});
    at.turn();
    at.driver.advance(9s);
    at.turn();
    CHECK(at.driver.find<KillWorker>() == nullptr);
    at.driver.advance(1s);
  }
  SECTION("a terminated one does not") {
    at.driver.tell(TerminatePool{at.pool});
    at.turn();
    CHECK(*at.driver.core.next_deadline() == at.driver.now.steady + 500ms);
    at.driver.advance(500ms);
  }
  at.turn();
  REQUIRE(at.driver.find<KillWorker>() != nullptr);
  at.turn();
  CHECK(at.driver.find<KillWorker>() == nullptr);  // once
}

TEST_CASE("a worker leaves after its number of jobs, give or take a tenth, and another is asked for at once") {
  PoolSettings settings = of_size(1);
  settings.max_tasks = 20;
  Staffed at(settings);
  at.turn();
  std::set<int> lives;
  for (int life = 0; life < 30; ++life) {
    int jobs = 0;
    for (bool left = false; !left; ++jobs) {
      const JobId job = at.run();
      at.driver.report(job);
      left = !at.dismissed().empty();
    }
    lives.insert(jobs);
    CHECK(at.turn() == 1);  // its place is taken while it is on its way out
    at.lose(Incarnation{at.last - 1});
  }
  CHECK(*lives.begin() >= 18);
  CHECK(*lives.rbegin() <= 22);
  CHECK(lives.size() > 1);
}

TEST_CASE("a worker is offered no more jobs than it has left") {
  PoolSettings settings = of_size(1);
  settings.max_tasks = 1;
  Staffed at(settings);
  at.turn();
  const JobId first = at.driver.submit_to(at.pool), second = at.driver.submit_to(at.pool);
  at.turn();
  CHECK(at.driver.job(first).offered);
  CHECK_FALSE(at.driver.job(second).offered);
}

TEST_CASE("workers above the minimum leave after a while without work, and come back on demand") {
  PoolSettings settings = of_size(3);
  settings.min = 1;
  settings.idle_time = 30s;
  Staffed at(settings);
  CHECK(at.turn() == 1);
  const JobId first = at.run();
  const JobId second = at.driver.submit_to(at.pool), third = at.driver.submit_to(at.pool);
  CHECK(at.turn() == 2);
  at.driver.tell(Revoked{second, true});
  for (int i = 0; i < 2; ++i) at.turn();
  for (const JobId id : {second, third})
    if (at.driver.job(id).state == JobState::ready) at.driver.start(id);
  for (const JobId id : {first, second, third}) at.driver.report(id);
  at.turn();
  CHECK(at.dismissed().empty());
  REQUIRE(at.driver.core.next_deadline());
  at.driver.advance(30s);
  at.turn();
  CHECK(at.dismissed().size() == 2);
  at.turn();
  CHECK(at.dismissed().empty());
  CHECK(at.driver.pool(at.pool).workers.idle_count() == 1);
}

TEST_CASE("a fresh worker is set up before anything is offered to it") {
  PoolSettings settings = of_size(1);
  settings.initializer = "load";
  Staffed at(settings);
  const JobId job = at.driver.submit_to(at.pool);
  at.turn();
  REQUIRE(at.driver.find<SetUpWorker>() != nullptr);
  CHECK(at.driver.find<SetUpWorker>()->worker == Incarnation{1});
  at.turn();
  CHECK_FALSE(at.driver.job(job).offered);
  at.driver.tell(WorkerSetUp{Incarnation{1}, ""});
  at.turn();
  CHECK(at.driver.job(job).offered);
}

TEST_CASE("while set-ups fail, one worker at a time tries again, later and later, and the reason is kept until one succeeds") {
  PoolSettings settings = of_size(3);
  settings.initializer = "load";
  Staffed at(settings);
  CHECK(at.turn() == 3);
  at.driver.tell(WorkerSetUp{Incarnation{1}, "ValueError: no such model"});
  REQUIRE(at.driver.find<SetupFailed>() != nullptr);
  at.lose(Incarnation{2}, 11);
  CHECK(at.driver.find<SetupFailed>()->pause == 400ms);
  CHECK(at.driver.pool(at.pool).setup_error == "worker 2 was killed by signal 11 while it was set up");
  at.driver.tell(WorkerSetUp{Incarnation{3}, "ValueError: no such model"});
  at.lose(Incarnation{1});
  at.lose(Incarnation{3});
  Microseconds pause = 800ms;
  for (int i = 0; i < 10; ++i) {
    CHECK(at.turn() == 0);
    CHECK(*at.driver.core.next_deadline() == at.driver.now.steady + pause);
    at.driver.advance(std::chrono::duration_cast<std::chrono::milliseconds>(pause));
    CHECK(at.turn() == 1);
    CHECK(at.turn() == 0);
    at.driver.tell(WorkerSetUp{Incarnation{at.last}, "ValueError: no such model"});
    at.lose(Incarnation{at.last});
    pause = std::min<Microseconds>(pause * 2, 30s);
  }
  at.driver.advance(30s);
  CHECK(at.turn() == 1);
  at.driver.tell(WorkerSetUp{Incarnation{at.last}, ""});
  CHECK(at.driver.pool(at.pool).setup_error.empty());
  CHECK(at.turn() == 2);
}

TEST_CASE("a worker whose set-up hangs does not hold up the end of its pool") {
  PoolSettings settings = of_size(1);
  settings.initializer = "load";
  Staffed at(settings);
  at.turn();
  at.driver.tell(TerminatePool{at.pool});
  at.turn();
  REQUIRE(at.driver.find<KillWorker>() != nullptr);
  at.lose(Incarnation{1}, 9);
  CHECK(at.driver.find<SetupFailed>() == nullptr);
  at.turn();
  CHECK(at.driver.find<PoolLeft>() != nullptr);
}

TEST_CASE("an inherited worker is set up again only when nobody began it") {
  CoreDriver driver;
  PoolRecord record;
  record.number = PoolNumber{1};
  record.settings.name = "images";
  record.settings.size = 3;
  record.settings.initializer = "load";
  driver.tell(InheritedPool{record});
  driver.tell(WorkerJoined{Incarnation{1}, WorkerNumber{1}, PoolNumber{1}, WorkerJoined::Setup::done, 7});
  CHECK(driver.effects.empty());
  CHECK(driver.pool(PoolNumber{1}).workers.idle_count() == 1);
  driver.tell(WorkerJoined{Incarnation{2}, WorkerNumber{2}, PoolNumber{1}, WorkerJoined::Setup::under_way, 1});
  CHECK(driver.effects.empty());
  CHECK(driver.pool(PoolNumber{1}).workers.idle_count() == 1);
  driver.tell(WorkerJoined{Incarnation{3}, WorkerNumber{3}, PoolNumber{1}, WorkerJoined::Setup::to_do, 0});
  CHECK(driver.find<SetUpWorker>() != nullptr);
}

TEST_CASE("a worker of a pool that is not there is killed") {
  CoreDriver driver;
  driver.tell(StaffPools{1});
  driver.join_pool(1, PoolNumber{77});
  REQUIRE(driver.find<KillWorker>() != nullptr);
  const JobId job = driver.submit();
  driver.end_turn();
  CHECK_FALSE(driver.job(job).offered);
}

TEST_CASE("nobody is asked for while the daemon goes down") {
  Staffed at(of_size(2));
  at.turn();
  at.driver.tell(ClosePool{at.pool});
  at.turn();
  CHECK(at.driver.core.next_deadline());  // for those that are to leave
  at.driver.tell(Drain{});
  at.lose(Incarnation{1}, 9);
  CHECK(at.turn() == 0);
  CHECK_FALSE(at.driver.core.next_deadline());  // nor is anybody woken for it
}

TEST_CASE("whether a dead worker has a successor is known before it is asked for") {
  // The bug: the log said "starting another" of workers whose pool wanted no more.
  CoreDriver driver;
  driver.tell(StaffPools{1});
  driver.join(1);
  driver.end_turn();
  CHECK_FALSE(driver.core.lacks_workers(kDefaultPoolNumber));
  driver.tell(WorkerLost{Incarnation{1}, {}, {}, 9});
  CHECK(driver.core.lacks_workers(kDefaultPoolNumber));
  driver.end_turn();
  CHECK(driver.find<StartWorker>() != nullptr);
  CHECK_FALSE(driver.core.lacks_workers(kDefaultPoolNumber));
  driver.join(2);
  driver.tell(TerminatePool{kDefaultPoolNumber});
  driver.tell(WorkerLost{Incarnation{2}, {}, {}, 9});
  CHECK_FALSE(driver.core.lacks_workers(kDefaultPoolNumber));
}
