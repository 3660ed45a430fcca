// Engine, core, dispatcher, ledger and verbs together, over real segments.
#include <csignal>

#include "tests/unit/broker/engine/house.hpp"

using namespace jobpool;
using namespace jobpool::broker;

// It was never counted as come, so that its pool waited for it for ever.
TEST_CASE("a worker whose shared memory cannot be used is replaced when it is dead") {
  House house(0);
  Engine& engine = house.broker->engine;
  const std::vector<StartWorker>& asked_for = house.broker->asked_for;
  engine.tell(StaffPools{1});
  house.turn();
  REQUIRE(asked_for.size() == 1);
  CHECK_FALSE(engine.add_worker({.incarnation = Incarnation{7},
                                 .number = asked_for[0].number,
                                 .side = shm::OfferSide::map({}, shm::OfferSide::Origin::fresh),
                                 .eventfd = {},
                                 .orders = {}}));
  const auto call = house.broker->call("Pool.ApplyAsync", R"({"job":{"function":"square","durable":false}})");
  house.turn();
  CHECK(call->answers == 1);
  CHECK(asked_for.size() == 1);
  engine.worker_died(Incarnation{7}, SIGKILL, 0);
  house.turn();
  CHECK(asked_for.size() == 2);
}

TEST_CASE("a job is submitted, offered, claimed, reported and answered") {
  House house;
  const auto call = house.broker->apply("k");
  house.run_all();
  REQUIRE(call->answers == 1);
  CHECK(call->answer().value("result", "") == "49");
  CHECK(house.claims() == 1);
  CHECK_FALSE(house.broker->engine.dispatcher().busy());
}

TEST_CASE("a worker's death costs the claimed job only") {
  House house(1);
  const auto first = house.broker->apply("a"), second = house.broker->apply("b");
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  house.broker->engine.worker_died(house.worker().incarnation, 9, 0);
  CHECK(first->answer().value("outcome", "") == "crashed");
  CHECK(second->answers == 0);
  CHECK(house.broker->engine.core().counts().ready == 1);
}

TEST_CASE("what an idle worker takes over from another is offered to it in the same turn") {
  // The bug: it was offered at the end of the next one. Where nothing else happened, as after a worker's death, that was 100 ms later.
  House house(1);
  house.broker->apply("a");
  const auto behind = house.broker->apply("b");
  house.turn();
  const auto claim = house.worker(0).claim();
  REQUIRE(claim);
  house.worker(0).report_start(*claim);
  house.hire();
  house.turn();
  const auto taken_over = house.worker(1).claim();
  REQUIRE(taken_over);
  house.worker(1).run(*taken_over);
  house.turn();
  CHECK(behind->answer().value("outcome", "") == "succeeded");
}

TEST_CASE("a worker that says it leaves of its own accord is offered nothing more, and loses what it has not begun") {
  House house(1);
  const auto first = house.broker->apply("a");
  const auto behind = house.broker->apply("b");
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().announce_leaving();
  house.worker().report_end(*claim);
  house.turn();
  CHECK(first->answers == 1);
  CHECK(behind->answers == 0);
  const auto second = house.broker->apply("c");
  house.turn();
  CHECK_FALSE(house.worker().claim());  // what stood behind was taken back: nobody might claim it as long as another thread runs
  CHECK(house.broker->engine.core().counts().ready == 2);
}

// With a waiter that is not answered with the end itself (cancel, wait), an apply whose caller had gone was never forgotten: each left
// an entry in the ledger for ever, until the ledger was full.
TEST_CASE("an apply whose caller is gone is forgotten when only a wait or a cancel saw its end") {
  const std::string who = GENERATE("Wait", "Cancel");
  CoreLimits limits;
  limits.kept_async = limits.kept_apply = 0;
  House house(1, limits);
  const auto call = house.broker->apply("k", R"(,"detach":true)");
  house.turn();
  const auto claim = house.worker().claim();
  house.worker().report_start(*claim);
  const auto seen = house.broker->call("Job." + who, R"({"ids":[1]})");
  call->hang_up();
  house.worker().report_end(*claim);
  house.turn();
  CHECK(seen->answers == 1);
  CHECK(house.broker->engine.ledger().size() == 0);
  CHECK(house.broker->forgotten == 1);
}

// The first of several answers that was taken by its socket let the key be forgotten, though the caller's own answer was still unsent.
TEST_CASE("a key is not forgotten while one of the answers is not taken yet") {
  CoreLimits limits;
  limits.kept_async = limits.kept_apply = 0;
  House house(1, limits);
  const auto slow = house.broker->apply("k");
  slow->keep_unsent = true;
  const auto quick = house.broker->call("Job.Get", R"({"id":1})");
  house.run_all();
  CHECK(quick->answers == 1);
  CHECK(house.broker->forgotten == 0);
  slow->unsent = {};
  house.turn();
  CHECK(house.broker->forgotten == 1);
}

// A stop took back what nobody had claimed, but gave a job that was claimed at that moment its whole grace: longer than the daemon lives.
TEST_CASE("a job claimed while everything is stopped gets no grace") {
  House house;
  house.broker->call("Pool.Apply", R"({"job":{"command":["sleep","9"],"graceUSec":60000000}})");
  house.turn();
  REQUIRE(house.worker().claim());  // its START is not written yet
  house.broker->engine.tell(StopAll{});
  const auto order = control::receive_order(house.worker().orders.get());
  REQUIRE(order);
  CHECK(order->order.kind == control::OrderKind::stop);
  CHECK(order->order.usec == 0);
}

// A revoke that came too late made the job running, and its START was then ignored: a job without a pid and a time.
TEST_CASE("a job that a revoke found claimed still shows its pid when its START comes") {
  House house;
  house.broker->call("Pool.ApplyAsync", FakeBroker::submission("k"));
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.broker->engine.tell(Cancel{JobId{1}, Cancel::Haste::grace, "test"});
  CHECK(house.broker->engine.core().find(JobId{1})->state == JobState::running);
  house.worker().report_start(*claim);
  house.turn();
  CHECK(house.broker->engine.core().find(JobId{1})->pid == 4711);
}

// What a worker had reported was thrown away when it had been condemned for a full orders socket: a committed result was lost.
TEST_CASE("a worker that took no orders has its reports read when it is dead") {
  House house;
  const auto call = house.broker->call("Pool.Apply", R"({"job":{"command":["true"],"key":"k"}})");
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  house.turn();
  for (int i = 0; i < 100'000 && house.broker->killed.empty(); ++i)
    house.broker->engine.dispatcher().stop(JobId{1}, house.worker().incarnation, Microseconds{0});
  REQUIRE(house.broker->killed.size() == 1);
  house.worker().report_end(*claim);
  house.broker->engine.worker_died(house.worker().incarnation, 9, 0);
  REQUIRE(call->answers == 1);
  CHECK(call->answer().value("outcome", "") == "succeeded");
}

// Job.Kill of a function killed its worker at once, with whatever that had claimed by then.
TEST_CASE("a killed function costs only itself: what its worker could claim next is taken back first") {
  House house;
  house.broker->apply("a");
  const auto second = house.broker->apply("b");
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  CHECK(house.broker->call("Job.Kill", R"({"id":1,"signal":9})")->error_name.empty());
  SECTION("it runs on") {
    CHECK_FALSE(house.worker().claim());
    house.broker->engine.audit();
    CHECK(house.broker->killed.size() == 1);
  }
  SECTION("it ended before the kill was decided") {
    house.worker().report_end(*claim);
    house.broker->engine.audit();
    CHECK(house.broker->killed.empty());
    house.run_all();
    CHECK(second->answer().value("outcome", "") == "succeeded");
  }
}

TEST_CASE("a worker that ran on to its next job is not killed for the one before") {
  House house;
  house.broker->apply("a");
  const auto second = house.broker->apply("b");
  house.turn();
  const auto first = house.worker().claim();
  REQUIRE(first);
  house.worker().report_start(*first);
  house.turn();
  house.worker().report_end(*first);  // not drained yet when the kill is asked for
  const auto next = house.worker().claim();
  REQUIRE(next);
  house.broker->engine.tell(KillFunction{JobId{1}});
  house.broker->engine.audit();
  CHECK(house.broker->killed.empty());
  house.worker().run(*next);
  house.turn();
  CHECK(second->answer().value("outcome", "") == "succeeded");
}

// Each call of List sorted all jobs there were, whatever it was to show.
TEST_CASE("a list shows the newest that fit, in their order, however slowly it is read") {
  House house;
  for (int i = 0; i < 5; ++i) house.broker->call("Pool.ApplyAsync", FakeBroker::submission("k" + std::to_string(i)));
  const auto ids = [](const FakeCall& call) {
    std::vector<int> all;
    for (const std::string& one : call.continued) all.push_back(nlohmann::json::parse(one).front().value("id", 0));
    return all;
  };
  CHECK(ids(*house.broker->call("Job.List", "{}", true)) == std::vector{1, 2, 3, 4, 5});
  CHECK(ids(*house.broker->call("Job.List", R"({"limit":2})", true)) == std::vector{4, 5});
  CHECK(ids(*house.broker->call("Job.List", R"({"limit":9})", true)) == std::vector{1, 2, 3, 4, 5});
  house.broker->call("Job.Cancel", R"({"ids":[2,4]})");
  CHECK(ids(*house.broker->call("Job.List", R"({"limit":2,"state":"ready"})", true)) == std::vector{3, 5});
  CHECK(ids(*house.broker->call("Job.List", R"({"limit":1,"state":"done"})", true)) == std::vector{4});

  const auto slow = std::make_shared<FakeCall>("org.jobpool.Job.List", "{}", true);
  slow->slow = true;
  house.broker->verbs.handle(slow);
  CHECK(ids(*slow) == std::vector{1});
  house.broker->call("Pool.ApplyAsync", FakeBroker::submission("later"));
  slow->slow = false;
  REQUIRE(slow->on_drained);
  const auto go_on = slow->on_drained;
  go_on();
  CHECK(ids(*slow) == std::vector{1, 2, 3, 4, 5});  // those that there were when it was asked
  CHECK(slow->answers == 1);
}

TEST_CASE("a cancel of several jobs sees which of them were claimed") {
  House house(2);
  const auto first = house.broker->apply("a"), second = house.broker->apply("b"), third = house.broker->apply("c");
  house.turn();
  for (const auto& worker : house.workers) REQUIRE(worker->claim());
  const auto call = house.broker->call("Job.Cancel", R"({"ids":[1,2,3]})");
  CHECK(house.broker->engine.core().counts().running == 2);
  CHECK(third->answer().value("outcome", "") == "cancelled");
  CHECK(first->answers + second->answers == 0);
  CHECK(call->answers == 0);
  CHECK(house.broker->call("Job.Cancel", R"({"ids":[3,77]})")->error_name == "org.jobpool.Job.NoSuchJob");
}

TEST_CASE("a worker that is told to leave gets nothing more, does what it has, and its leaving costs nothing") {
  House house(2);
  house.broker->apply("a");
  const auto second = house.broker->apply("b");  // the worker that was idle last gets the first job
  house.turn();
  const auto claim = house.worker(0).claim(), other = house.worker(1).claim();
  REQUIRE(claim);
  REQUIRE(other);
  house.broker->engine.dismiss_worker(house.worker(0).incarnation);
  const auto order = control::receive_order(house.worker(0).orders.get());
  REQUIRE(order);
  CHECK(order->order.kind == control::OrderKind::leave);
  house.worker(0).run(*claim);
  house.turn();
  CHECK(second->answer().value("outcome", "") == "succeeded");
  const auto third = house.broker->apply("c");
  house.turn();
  CHECK_FALSE(house.worker(0).claim());
  CHECK(house.broker->engine.worker_died(house.worker(0).incarnation, 0, 0) == 0);
  CHECK(house.broker->engine.worker_died(house.worker(1).incarnation, 0, 0) == 1);
  CHECK(house.broker->killed.empty());
}

// An offer that waited for its commit, was taken back, undone and recorded anew went out at the first of the two commits: the job could
// start before the record of that start was durable. Found by tests/simulation.
TEST_CASE("an attempt that is undone and recorded again waits for the second commit") {
  House house(2);
  Engine& engine = house.broker->engine;
  house.broker->apply("a");
  house.broker->apply("b");
  house.turn();
  std::optional<shm::Claim> running[2] = {house.worker(0).claim(), house.worker(1).claim()};
  house.broker->call("Pool.ApplyAsync", R"({"job":{"durable":true,"function":"square","arguments":"[7]"}})");
  house.broker->apply("c");
  house.turn();
  // The two of them stand behind those that run, the durable one without a slot yet.
  const JobId durable{3};
  const std::size_t holder = engine.core().find(durable)->worker == house.worker(0).incarnation ? 0 : 1, other = 1 - holder;
  house.worker(other).report_start(*running[other], wall_usec() - 1'000'000);
  house.worker(other).report_end(*running[other]);
  REQUIRE(house.worker(other).claim());
  house.turn();  // jobs are slow now, and nobody is idle: what is taken back loses its record
  engine.tell(Started{running[holder]->job, 0, 0});
  engine.tell(Cancel{running[holder]->job, Cancel::Haste::grace, "for the test"});
  REQUIRE(engine.core().find(durable)->attempt == 0);
  house.worker(holder).run(*running[holder]);
  house.turn();
  REQUIRE(engine.core().find(durable)->worker == house.worker(holder).incarnation);

  house.store.step(1);
  engine.journal().collect();
  CHECK_FALSE(house.worker(holder).claim());
  house.store.step();
  engine.journal().collect();
  CHECK(house.worker(holder).claim());
}

// They were let go when the first attempt had started, and the second was cancelled for want of them. Found by tests/simulation.
TEST_CASE("a job that is tried again still has its caller's descriptors") {
  House house;
  const auto call = std::make_shared<FakeCall>("org.jobpool.Pool.Apply",
                                               R"({"job":{"command":["false"],"stdout":0,"retries":1,"backoffUSec":0}})", false);
  call->fds.emplace_back(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  house.broker->verbs.handle(call);
  house.turn();
  Report failed;
  failed.ending = Ending::exited;
  failed.code = 1;
  for (int attempt = 1; attempt <= 2; ++attempt) {
    const auto order = control::receive_order(house.worker().orders.get());
    REQUIRE(order);
    CHECK(order->fds.size() == 1);
    const auto claim = house.worker().claim();
    REQUIRE(claim);
    house.worker().report_start(*claim);
    house.turn();
    house.worker().report(*claim, failed);
    house.turn();
  }
  REQUIRE(call->answers == 1);
  CHECK(call->answer().value("outcome", "") == "failed");
}
