// The ordinary life of jobs in the core: submission, start, report, end, forgetting; keys; limits.
#include "tests/unit/broker/core/core_driver.hpp"

using namespace jobpool;
using namespace jobpool::broker;

TEST_CASE("a job goes from ready over running to done, and each change is told") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit();
  CHECK(driver.job(id).state == JobState::ready);
  driver.end_turn();
  REQUIRE(driver.find<OfferJob>() != nullptr);
  CHECK(driver.find<OfferJob>()->job == id);
  CHECK(driver.job(id).state == JobState::ready);  // offered is not started
  driver.start(id);
  CHECK(driver.job(id).state == JobState::running);
  CHECK(driver.find<Changed>()->from == JobState::ready);
  CHECK(driver.find<Changed>()->to == JobState::running);
  driver.report(id);
  CHECK(driver.job(id).state == JobState::done);
  CHECK(driver.job(id).outcome == Outcome::succeeded);
  CHECK(driver.find<Ended>()->job == id);
  CHECK(driver.core.counts().done == 1);
  CHECK(driver.core.counts().workers_idle == 1);
}

TEST_CASE("a report without a START makes the job running first") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit();
  driver.end_turn();
  driver.report(id);
  CHECK(driver.all<Changed>().size() == 2);
  CHECK(driver.job(id).outcome == Outcome::succeeded);
}

TEST_CASE("every ending of a worker's report has its outcome") {
  struct Row {
    Ending ending;
    int code;
    Outcome outcome;
    std::optional<int> exit_code, signal;
  };
  const Row rows[] = {
      {Ending::returned, 0, Outcome::succeeded, {}, {}}, {Ending::threw, 0, Outcome::failed, {}, {}},
      {Ending::exited, 0, Outcome::succeeded, 0, {}},    {Ending::exited, 3, Outcome::failed, 3, {}},
      {Ending::signalled, 9, Outcome::crashed, {}, 9},   {Ending::not_started, 127, Outcome::failed, 127, {}},
  };
  for (const Row& row : rows) {
    CoreDriver driver;
    driver.join(1);
    const JobId id = driver.submit();
    driver.end_turn();
    driver.report(id, row.ending, row.code);
    CHECK(driver.job(id).outcome == row.outcome);
    CHECK(driver.job(id).exit_code == row.exit_code);
    CHECK(driver.job(id).signal == row.signal);
  }
}

TEST_CASE("a second report of the same job changes nothing") {
  CoreDriver driver;
  driver.join(1);
  const JobId id = driver.submit();
  driver.end_turn();
  driver.report(id);
  driver.report(id, Ending::signalled, 9);
  CHECK(driver.effects.empty());
  CHECK(driver.job(id).outcome == Outcome::succeeded);
}

TEST_CASE("the same key with the same submission is the same job, before and after its end") {
  CoreDriver driver;
  driver.join(1);
  const JobId first = driver.submit(CoreDriver::a_submission("k", 5));
  CHECK(driver.submit(CoreDriver::a_submission("k", 5)) == first);
  CHECK(driver.find<Accepted>()->kind == Accepted::Kind::known);
  driver.end_turn();
  CHECK(driver.all<OfferJob>().size() == 1);
  driver.report(first);
  CHECK(driver.submit(CoreDriver::a_submission("k", 5)) == first);
}

TEST_CASE("the same key with another submission is a conflict that names the job") {
  CoreDriver driver;
  const JobId first = driver.submit(CoreDriver::a_submission("k", 5));
  driver.tell(CoreDriver::a_submission("k", 6));
  REQUIRE(driver.find<Refused>() != nullptr);
  CHECK(driver.find<Refused>()->why == Refusal::key_conflict);
  CHECK(driver.find<Refused>()->job == first);
}

TEST_CASE("the same key of another user is another job") {
  CoreDriver driver;
  const JobId first = driver.submit(CoreDriver::a_submission("k", 5));
  Submit other = CoreDriver::a_submission("k", 5);
  other.uid = 1000;
  CHECK(driver.submit(std::move(other)) != first);
}

TEST_CASE("a full queue refuses, and takes again when there is room") {
  CoreLimits limits;
  limits.max_queued_jobs = 2;
  CoreDriver driver{limits};
  driver.submit();
  const JobId second = driver.submit();
  driver.tell(CoreDriver::a_submission());
  REQUIRE(driver.find<Refused>() != nullptr);
  CHECK(driver.find<Refused>()->why == Refusal::queue_full);
  driver.tell(Cancel{second, Cancel::Haste::grace, "room"});
  driver.submit();
}

TEST_CASE("the bytes of waiting payloads are bounded, and given back when jobs start") {
  CoreLimits limits;
  limits.max_queued_bytes = 10;  // one payload has 7
  CoreDriver driver{limits};
  const JobId id = driver.submit();
  driver.tell(CoreDriver::a_submission());
  REQUIRE(driver.find<Refused>() != nullptr);
  driver.join(1);
  driver.end_turn();
  driver.start(id);
  driver.submit();
}

TEST_CASE("the oldest ended async jobs are forgotten first, with their keys") {
  CoreLimits limits;
  limits.kept_async = 2;
  CoreDriver driver{limits};
  driver.join(1);
  std::vector<JobId> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(driver.submit(CoreDriver::a_submission("k" + std::to_string(i))));
    driver.end_turn();
    driver.report(ids.back());
  }
  driver.end_turn();
  REQUIRE(driver.all<Forgotten>().size() == 1);
  CHECK(driver.find<Forgotten>()->job == ids[0]);
  CHECK(driver.core.find(ids[0]) == nullptr);
  CHECK(driver.submit(CoreDriver::a_submission("k0")) != ids[0]);
}

TEST_CASE("an apply that was not delivered is never forgotten") {
  // The bug it guards against: its caller comes back with the key after a broker's death, finds it forgotten, and runs it twice.
  CoreLimits limits;
  limits.kept_apply = 0;
  CoreDriver driver{limits};
  driver.join(1);
  const JobId id = driver.submit(Mode::apply);
  driver.end_turn();
  driver.report(id);
  driver.end_turn();
  CHECK(driver.core.find(id) != nullptr);
  driver.tell(Delivered{id});
  driver.tell(Delivered{id});  // twice is as once
  driver.end_turn();
  CHECK(driver.core.find(id) == nullptr);
  CHECK(driver.core.counts().done == 0);
}

TEST_CASE("ids ascend from the first one and are never given out twice") {
  CoreDriver driver{{}, 5000};
  CHECK(driver.submit() == JobId{5000});
  CHECK(driver.submit() == JobId{5001});
  CHECK(driver.core.next_id() == JobId{5002});
}

TEST_CASE("jobs are walked in the order of their ids, whatever order they were inherited in and whichever were forgotten") {
  CoreLimits limits;
  limits.kept_async = 0;
  CoreDriver driver{limits};
  driver.join(1);
  for (const std::uint64_t id : {900, 20, 30, 10}) {
    Job job;
    job.id = JobId{id};
    job.mode = Mode::apply_async;
    driver.tell(Inherited{std::move(job), {}, id == 20 ? Inherited::Place::ended : Inherited::Place::queued});
  }
  const JobId fresh = driver.submit();
  driver.end_turn();  // forgets 20
  std::vector<std::uint64_t> ids;
  for (const Job* job = driver.core.next_job(JobId{0}); job != nullptr; job = driver.core.next_job(JobId{job->id.value + 1}))
    ids.push_back(job->id.value);
  CHECK(ids == std::vector<std::uint64_t>{10, 30, 900, fresh.value});
  CHECK(driver.core.begin_of_last(2, [](const Job&) { return true; }) == JobId{900});
  CHECK(driver.core.begin_of_last(5, [](const Job&) { return true; }) == JobId{1});
}
