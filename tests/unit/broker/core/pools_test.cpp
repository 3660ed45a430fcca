// Pools in the core: whose workers run what, and what each word said to a pool means for its jobs.
#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

PoolSettings named(const char* name, std::uint32_t size = 1) {
  PoolSettings settings;
  settings.name = name;
  settings.size = size;
  return settings;
}

bool is_offered(const CoreDriver& driver, JobId id) { return driver.job(id).offered; }

}  // namespace

TEST_CASE("a job is offered to workers of its own pool only") {
  CoreDriver driver;
  const PoolNumber images = driver.create_pool(named("images"));
  driver.join(1);
  const JobId of_images = driver.submit_to(images), of_default = driver.submit();
  driver.end_turn();
  CHECK(is_offered(driver, of_default));
  CHECK_FALSE(is_offered(driver, of_images));
  driver.join_pool(2, images);
  driver.end_turn();
  CHECK(is_offered(driver, of_images));
  CHECK(driver.job(of_images).worker == Incarnation{2});
}

TEST_CASE("one pool's backlog does not hold up another's jobs, and each has its own counts") {
  CoreDriver driver;
  const PoolNumber images = driver.create_pool(named("images"));
  driver.join(1);
  driver.join_pool(2, images);
  for (int i = 0; i < 100; ++i) driver.submit();
  const JobId job = driver.submit_to(images);
  driver.end_turn();
  CHECK(is_offered(driver, job));
  CHECK(driver.pool(kDefaultPoolNumber).jobs.ready == 100);
  CHECK(driver.pool(images).jobs.ready == 1);
  driver.start(job);
  driver.report(job);
  CHECK(driver.pool(images).jobs.settled == 1);
  CHECK(driver.core.counts().ready == 100);
}

TEST_CASE("a pool and what is said to it goes into the store") {
  CoreDriver driver;
  driver.tell(CreatePool{named("images")});
  REQUIRE(driver.find<SavePool>() != nullptr);
  const PoolNumber images = driver.find<SavePool>()->pool;
  CHECK(images != kDefaultPoolNumber);
  const std::vector<Event> said{PausePool{images},  ResizePool{images, 3}, ClosePool{images}, TerminatePool{images},
                                ResumePool{images}, ClosePool{images},     DeletePool{images}};
  for (const Event& event : said) {
    driver.tell(event);
    CHECK(driver.find<SavePool>() != nullptr);
  }
  CHECK(driver.find<RemovePool>() != nullptr);  // with the last of them: no job names it
  driver.tell(ClosePool{images});
  CHECK(driver.effects.empty());
}

TEST_CASE("a closed pool takes no jobs, those that are there are done, also delayed ones and those that wait for others") {
  CoreDriver driver;
  const PoolNumber images = driver.create_pool(named("images"));
  const JobId first = driver.submit_to(images);
  Submit delayed = CoreDriver::a_submission();
  delayed.pool = images;
  delayed.not_before_usec = driver.now.wall_usec + 10'000'000;
  const JobId later = driver.submit(std::move(delayed));
  Submit dependent = CoreDriver::a_submission();
  dependent.pool = images;
  dependent.after = {{later}};
  const JobId last = driver.submit(std::move(dependent));
  driver.tell(ClosePool{images});
  Submit refused = CoreDriver::a_submission();
  refused.pool = images;
  driver.tell(std::move(refused));
  REQUIRE(driver.find<Refused>() != nullptr);
  CHECK(driver.find<Refused>()->why == Refusal::not_running);

  driver.join_pool(1, images);
  driver.advance(std::chrono::seconds{11});
  driver.tell(Tick{});
  for (const JobId id : {first, later, last}) {
    driver.end_turn();
    CHECK(driver.find<PoolLeft>() == nullptr);
    driver.start(id);
    driver.report(id);
    CHECK(driver.job(id).outcome == Outcome::succeeded);
  }
  driver.tell(WorkerLost{Incarnation{1}, {}, {}, 0, 0});
  driver.end_turn();
  REQUIRE(driver.find<PoolLeft>() != nullptr);
  CHECK(driver.find<PoolLeft>()->pool == images);
  driver.end_turn();
  CHECK(driver.find<PoolLeft>() == nullptr);  // once
}

TEST_CASE("a submission with a known key is answered also by a closed pool: the job is there") {
  CoreDriver driver;
  const PoolNumber images = driver.create_pool(named("images"));
  Submit event = CoreDriver::a_submission("key", 5);
  event.pool = images;
  const JobId id = driver.submit(event);
  driver.tell(ClosePool{images});
  driver.tell(event);
  REQUIRE(driver.find<Accepted>() != nullptr);
  CHECK(driver.find<Accepted>()->job == id);
}

TEST_CASE("submissions that wait for room are refused when their pool is closed, those of other pools go on waiting") {
  CoreLimits limits;
  limits.max_queued_jobs = 1;
  CoreDriver driver(limits);
  const PoolNumber images = driver.create_pool(named("images"));
  driver.submit();
  Submit waiting = CoreDriver::a_submission();
  waiting.if_full = IfFull::block;
  driver.tell(waiting);
  waiting.pool = images;
  waiting.token = Token{78};
  driver.tell(waiting);
  CHECK(driver.effects.empty());
  driver.tell(ClosePool{images});
  const auto refused = driver.all<Refused>();
  REQUIRE(refused.size() == 1);
  CHECK(refused.front().token == Token{78});
}

TEST_CASE("nothing of a paused pool starts: what was offered is taken back, what runs goes on") {
  CoreDriver driver;
  driver.join(1);
  const JobId running = driver.submit(), offered = driver.submit();
  driver.end_turn();
  driver.start(running);
  REQUIRE(is_offered(driver, offered));
  driver.tell(PausePool{kDefaultPoolNumber});
  const auto revoked = driver.all<RevokeJob>();
  REQUIRE(revoked.size() == 1);
  CHECK(revoked.front().job == offered);
  driver.tell(Revoked{offered, true});
  CHECK(driver.core.is_held_back(driver.job(offered)));
  driver.end_turn();
  CHECK_FALSE(is_offered(driver, offered));
  driver.report(running);
  CHECK(driver.job(running).outcome == Outcome::succeeded);
  driver.end_turn();
  CHECK_FALSE(is_offered(driver, offered));
  driver.tell(ResumePool{kDefaultPoolNumber});
  driver.end_turn();
  CHECK(is_offered(driver, offered));
}

TEST_CASE("an attempt that was recorded ahead is taken back when its pool is paused: it cannot have started") {
  CoreDriver driver;
  driver.join(1);
  std::vector<JobId> jobs;
  for (int i = 0; i < 60; ++i) jobs.push_back(driver.submit_to(kDefaultPoolNumber, true));
  for (int i = 0; i < 10; ++i) {  // short ones: attempts are recorded ahead
    driver.end_turn();
    driver.start(jobs[static_cast<std::size_t>(i)]);
    driver.report(jobs[static_cast<std::size_t>(i)], Ending::returned, 0, 10);
  }
  driver.end_turn();
  driver.tell(PausePool{kDefaultPoolNumber});
  std::size_t undone = 0;
  for (const Save& save : driver.all<Save>()) undone += save.what == Save::What::attempt_undone ? 1 : 0;
  std::vector<JobId> offered;
  for (const RevokeJob& revoke : driver.all<RevokeJob>()) offered.push_back(revoke.job);
  for (const JobId id : offered) {
    driver.tell(Revoked{id, true});
    for (const Save& save : driver.all<Save>()) undone += save.what == Save::What::attempt_undone ? 1 : 0;
  }
  CHECK(undone > offered.size());
  for (const JobId id : jobs) CHECK_FALSE((driver.job(id).state == JobState::ready && driver.job(id).attempt_open));
}

TEST_CASE("who joins a pool is told once that it was left, also where it is deleted in that turn") {
  // The bug: it was told that the pool takes jobs; and of a pool that was left long ago, once more at each change.
  CoreDriver driver;
  const PoolNumber images = driver.create_pool(named("images"));
  driver.join_pool(1, images);
  driver.tell(ClosePool{images});
  driver.tell(WorkerLost{Incarnation{1}, {}, {}, 0, 0});
  SECTION("deleted") {
    driver.tell(DeletePool{images});
    REQUIRE(driver.all<PoolLeft>().size() == 1);
    const auto is_left = [](const Effect& effect) { return std::holds_alternative<PoolLeft>(effect); };
    const auto is_removal = [](const Effect& effect) { return std::holds_alternative<RemovePool>(effect); };
    CHECK(std::ranges::find_if(driver.effects, is_left) < std::ranges::find_if(driver.effects, is_removal));
  }
  SECTION("changed") {
    driver.end_turn();
    CHECK(driver.all<PoolLeft>().size() == 1);
    driver.tell(PausePool{images});
    driver.tell(ResizePool{images, 3});
    driver.tell(TerminatePool{images});
    driver.end_turn();
    CHECK(driver.find<PoolLeft>() == nullptr);
  }
}

TEST_CASE("a pool is deleted only when its workers have left, its jobs keep its name until they are forgotten") {
  CoreDriver driver;
  const PoolNumber images = driver.create_pool(named("images"));
  driver.join_pool(1, images);
  const JobId job = driver.submit_to(images);
  driver.end_turn();
  driver.start(job);
  driver.report(job);
  driver.tell(DeletePool{images});
  CHECK(driver.core.pools().find("images") != nullptr);  // it runs
  driver.tell(ClosePool{images});
  driver.tell(DeletePool{images});
  CHECK(driver.core.pools().find("images") != nullptr);  // its worker is there
  driver.tell(WorkerLost{Incarnation{1}, {}, {}, 0, 0});
  driver.tell(DeletePool{images});
  CHECK(driver.core.pools().find("images") == nullptr);
  CHECK(driver.find<RemovePool>() == nullptr);
  CHECK(driver.pool(images).record.settings.name == "images");

  const PoolNumber again = driver.create_pool(named("images"));
  CHECK(again != images);
  driver.tell(Remove{job});
  REQUIRE(driver.find<RemovePool>() != nullptr);
  CHECK(driver.find<RemovePool>()->pool == images);
  CHECK(driver.core.pools().find(images) == nullptr);
  CHECK(driver.create_pool(named("third")) == images);  // its number is free
}

TEST_CASE("the default pool can be closed and resumed, never deleted") {
  CoreDriver driver;
  driver.tell(ClosePool{kDefaultPoolNumber});
  driver.tell(DeletePool{kDefaultPoolNumber});
  CHECK(driver.effects.empty());
  driver.tell(ResumePool{kDefaultPoolNumber});
  driver.submit();
}

TEST_CASE("a job in a worker's slot is of that worker's pool, whatever else was put down of it") {
  CoreDriver driver;
  driver.tell(InheritedPool{{PoolNumber{4}, named("images")}});
  driver.tell(RecoveryBegun{});
  driver.join_pool(1, PoolNumber{4});
  Inherited inherited;
  inherited.job.id = JobId{9};
  inherited.job.attempt = 1;
  inherited.job.pool = PoolNumber{200};  // of a pool that had not been stored
  inherited.job.worker = Incarnation{1};
  inherited.place = Inherited::Place::in_slot;
  driver.tell(inherited);
  CHECK(driver.job(JobId{9}).pool == PoolNumber{4});
  inherited.job.id = JobId{10};
  inherited.place = Inherited::Place::queued;
  driver.tell(inherited);
  CHECK(driver.job(JobId{10}).pool == kDefaultPoolNumber);
}

TEST_CASE("a pool that is closed has not left while workers that it asked for are still to come") {
  // The bug: it had left when it was closed right after it was made, and once more when they came and went, which nobody was told: a join
  // that came in between waited for ever.
  CoreDriver driver;
  PoolSettings settings;
  settings.name = "images";
  settings.size = 1;
  const PoolNumber pool = driver.create_pool(std::move(settings));
  driver.tell(StaffPools{0});
  driver.end_turn();
  const auto* start = driver.find<StartWorker>();
  REQUIRE(start != nullptr);
  const WorkerNumber number = start->number;
  driver.tell(ClosePool{pool});
  driver.end_turn();
  CHECK(driver.find<PoolLeft>() == nullptr);
  CHECK_FALSE(driver.pool(pool).has_left());
  WorkerJoined joined;
  joined.incarnation = Incarnation{1};
  joined.number = number;
  joined.pool = pool;
  driver.tell(joined);
  driver.end_turn();
  CHECK(driver.find<DismissWorker>() != nullptr);
  CHECK(driver.find<PoolLeft>() == nullptr);
  driver.tell(WorkerLost{Incarnation{1}, {}, {}, 0, 0});
  driver.end_turn();
  CHECK(driver.find<PoolLeft>() != nullptr);
}
