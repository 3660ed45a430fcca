// Attempts of durable jobs that are recorded ahead: how many, how soon, and what becomes of them when the jobs before them turn out slow.
#include <algorithm>

#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;
using namespace std::chrono_literals;

namespace {

JobId submit_durable(CoreDriver& driver, std::int16_t priority = 0) {
  Submit event = CoreDriver::a_submission();
  event.flags.durable = true;
  event.priority = priority;
  return driver.submit(std::move(event));
}

// More than a worker's slots take: where jobs are short, the attempts of the others are recorded ahead.
std::vector<JobId> queue_eighty(CoreDriver& driver, std::int16_t priority = 0) {
  std::vector<JobId> jobs;
  for (int i = 0; i < 80; ++i) jobs.push_back(submit_durable(driver, priority));
  driver.end_turn();
  return jobs;
}

std::vector<Save> attempts(const CoreDriver& driver) {
  std::vector<Save> saves = driver.all<Save>();
  std::erase_if(saves, [](const Save& save) { return save.what != Save::What::attempt; });
  return saves;
}

std::vector<JobId> undone(const CoreDriver& driver) {
  std::vector<JobId> jobs;
  for (const Save& save : driver.all<Save>())
    if (save.what == Save::What::attempt_undone) jobs.push_back(save.job);
  return jobs;
}

}  // namespace

TEST_CASE("a durable job that was taken back from behind a slow one is not recorded as started") {
  // The bug: the attempt stayed recorded while the job was queued for hours, so that after the host's death it was `interrupted` though it
  // had never started; and it was offered to the same busy worker again at once, for ever.
  CoreDriver driver;
  driver.join(1);
  const JobId slow = submit_durable(driver), behind = submit_durable(driver);
  driver.end_turn();
  driver.start(slow);
  driver.advance(101ms);
  driver.tell(Tick{});
  REQUIRE(driver.find<RevokeJob>() != nullptr);
  driver.tell(Revoked{behind, true});
  CHECK(undone(driver) == std::vector{behind});
  CHECK(driver.job(behind).attempt == 0);
  driver.end_turn();
  CHECK(driver.all<OfferJob>().empty());
  driver.report(slow, Ending::returned, 0, 200'000);
  driver.end_turn();
  REQUIRE(driver.find<OfferJob>() != nullptr);
  CHECK(driver.find<OfferJob>()->job == behind);
  CHECK(driver.job(behind).attempt == 1);
}

TEST_CASE("jobs whose attempts were recorded ahead are not recorded as started when those before them turn out slow") {
  // The bug: as above, for up to 64 jobs per worker.
  CoreDriver driver;
  driver.join(1);
  run_some(driver, 10us);
  const std::vector<JobId> jobs = queue_eighty(driver);
  const std::size_t offered = driver.all<OfferJob>().size();
  REQUIRE(offered < jobs.size());
  REQUIRE(driver.job(jobs.back()).attempt == 1);  // ahead
  driver.start(jobs.front());
  driver.advance(101ms);
  driver.tell(Tick{});
  CHECK(undone(driver).size() == jobs.size() - offered);
  for (const RevokeJob& revoke : driver.all<RevokeJob>()) driver.tell(Revoked{revoke.job, true});
  driver.end_turn();
  CHECK(driver.all<OfferJob>().empty());
  CHECK(driver.all<Save>().empty());
  // In their old order.
  for (std::size_t i = 0; i + 1 < jobs.size(); ++i) {
    driver.report(jobs[i], Ending::returned, 0, 10'000);
    driver.end_turn();
    REQUIRE(driver.find<OfferJob>() != nullptr);
    CHECK(driver.find<OfferJob>()->job == jobs[i + 1]);
    CHECK(driver.job(jobs[i + 1]).attempt == 1);
  }
}

TEST_CASE("a job that is taken back goes before those of its priority that were recorded ahead, not before more urgent ones") {
  // The bug: it went before all of them.
  CoreDriver driver;
  driver.join(1);
  run_some(driver, 10us);
  const JobId low = driver.submit();
  driver.end_turn();
  const std::vector<JobId> urgent = queue_eighty(driver, 1);
  std::vector<JobId> offered;
  for (const OfferJob& offer : driver.all<OfferJob>()) offered.push_back(offer.job);
  REQUIRE(offered.size() < urgent.size());
  REQUIRE(driver.job(urgent.back()).attempt_open);
  driver.tell(Revoked{low, true});
  driver.end_turn();
  REQUIRE(driver.find<OfferJob>() != nullptr);
  CHECK(driver.find<OfferJob>()->job == urgent.at(offered.size()));
}

TEST_CASE("an attempt that was taken back is not taken back again with those that were recorded ahead") {
  // The bug: its number went below zero.
  CoreDriver driver;
  driver.join(1);
  run_some(driver, 10us);
  const std::vector<JobId> jobs = queue_eighty(driver);
  const JobId taken_back = driver.all<OfferJob>().back().job;
  driver.start(jobs.front());
  driver.report(jobs.front(), Ending::returned, 0, 900'000);  // a slow one: what is taken back now is undone
  driver.tell(Revoked{taken_back, true});
  CHECK(driver.job(taken_back).attempt == 0);
  driver.advance(101ms);
  driver.tell(Tick{});
  CHECK(driver.job(taken_back).attempt == 0);
}

TEST_CASE("attempts of short jobs are recorded ahead for ten milliseconds, and when half of these are left") {
  CoreDriver driver;
  driver.join(1);
  set_usual_run(driver, 1ms);
  const std::vector<JobId> jobs = queue_eighty(driver);
  std::vector<Save> saves = attempts(driver);
  REQUIRE(saves.size() == 5 + 10);  // in hand, and ahead
  for (std::size_t i = 0; i < saves.size(); ++i) CHECK(saves[i].urgency == (i < 5 ? Urgency::now : Urgency::later));
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(attempts(driver).empty() == (i > 0));
    driver.report(jobs[i]);
    driver.end_turn();
    CHECK(driver.all<OfferJob>().size() == 1);
  }
  saves = attempts(driver);
  CHECK(saves.size() == 5);
  CHECK(saves.front().job == jobs[15]);
}

TEST_CASE("of jobs that take some milliseconds the next one is recorded ahead of its worker, and ends are recorded together") {
  CoreDriver driver;
  driver.join(1);
  set_usual_run(driver, 6ms);
  const std::vector<JobId> jobs = queue_eighty(driver);
  const std::vector<Save> saves = attempts(driver);
  REQUIRE(saves.size() == 2 + 1);  // in hand, and ahead
  CHECK(saves.back().urgency == Urgency::later);
  driver.report(jobs[0], Ending::returned, 0, 6'000);
  REQUIRE(driver.find<Ended>() != nullptr);
  CHECK(driver.find<Ended>()->urgency == Urgency::later);
}

TEST_CASE("attempts of very short jobs are recorded at once: what was recorded ahead lasts for no commit's time") {
  CoreDriver driver;
  driver.join(1);
  set_usual_run(driver, 10us);
  for (int i = 0; i < 300; ++i) submit_durable(driver);
  driver.end_turn();
  const std::vector<Save> saves = attempts(driver);
  CHECK(saves.size() == shm::kSlots + 128);
  CHECK(std::ranges::all_of(saves, [](const Save& save) { return save.urgency == Urgency::now; }));
}

TEST_CASE("ends are recorded at once, but in a deep backlog of short jobs together") {
  CoreDriver driver;
  driver.join(1);
  set_usual_run(driver, 1ms);
  const std::vector<JobId> jobs = queue_eighty(driver);
  driver.report(jobs[0]);
  REQUIRE(driver.find<Ended>() != nullptr);
  CHECK(driver.find<Ended>()->urgency == Urgency::later);
  for (std::size_t i = 1; i < jobs.size(); ++i) {
    driver.end_turn();
    driver.report(jobs[i]);
  }
  CHECK(driver.find<Ended>()->urgency == Urgency::now);
}

TEST_CASE("what is taken back in a pool that is to have no workers is not recorded as started") {
  // The bug: where jobs were short it kept its record, and what was recorded ahead kept its own: a host that died days later interrupted
  // jobs that had never begun.
  CoreDriver driver;
  driver.tell(StaffPools{1});
  driver.join(1);
  run_some(driver, 50us);
  const std::vector<JobId> ids = queue_eighty(driver);
  std::vector<JobId> offered;
  for (const OfferJob& offer : driver.all<OfferJob>()) offered.push_back(offer.job);
  const auto open = [&] { return std::ranges::count_if(ids, [&](JobId id) { return driver.job(id).attempt_open; }); };
  REQUIRE(offered.size() > 1);
  REQUIRE(open() > std::ssize(offered));
  driver.tell(ResizePool{PoolNumber{}, 0});
  driver.end_turn();
  for (auto id = offered.rbegin(); id != offered.rend(); ++id) driver.tell(Revoked{*id, true});
  driver.end_turn();
  CHECK(open() == 0);
}

TEST_CASE("what is recorded ahead and not taken is looked at in time, though nothing runs") {
  CoreDriver driver;
  driver.join(1);
  run_some(driver, 50us);
  const std::vector<JobId> ids = queue_eighty(driver);
  driver.tell(WorkerLost{Incarnation{1}, driver.core.pools().at(PoolNumber{}).workers.find(Incarnation{1})->in_flight, {}, 9, 0});
  driver.end_turn();
  REQUIRE(driver.core.next_deadline());
  driver.advance(std::chrono::duration_cast<std::chrono::milliseconds>(*driver.core.next_deadline() - driver.now.steady) + 1ms);
  driver.tell(Tick{});
  CHECK(std::ranges::none_of(ids, [&](JobId id) { return driver.job(id).attempt_open; }));
}
