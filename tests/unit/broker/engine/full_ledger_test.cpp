// The ledger has no room left: what is lost is said, and what can be kept is kept.
#include "tests/unit/broker/engine/house.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

constexpr std::uint64_t kFirstFiller = 1'000'000;
constexpr std::uint64_t kLargestBlock = 32 << 20;

// So that a few jobs fill it.
constexpr LedgerSize kSmall{.entries = 64, .heap_bytes = 1 << 20};

// Results that were announced and never come take the heap (it is sparse: nothing is written), one filler per block; then descriptions take
// what is reserved for small things.
std::vector<JobId> fill_heap(Ledger& ledger) {
  std::vector<JobId> fillers;
  const std::byte piece[1]{};
  for (std::uint64_t size = kLargestBlock; size >= 64; size /= 2)
    for (;;) {
      Job job;
      job.id = JobId{kFirstFiller + fillers.size()};
      if (!ledger.begin(job)) return fillers;
      fillers.push_back(job.id);
      if (!ledger.add_result(job.id, size, 0, piece)) break;
    }
  for (const std::size_t size : {4'000, 50})
    for (;;) {
      Job job;
      job.id = JobId{kFirstFiller + fillers.size()};
      job.description = std::string(size, 'd');
      if (!ledger.begin(job)) break;
      fillers.push_back(job.id);
    }
  return fillers;
}

// Ephemeral jobs of apply_async, one after the other, whose results nobody collects.
void run_uncollected(House& house, int count, const std::string& result) {
  for (int i = 0; i < count; ++i) {
    const auto call = house.broker->call("Pool.ApplyAsync", R"({"job":{"durable":false,"function":"square"}})");
    house.turn();
    const auto claim = house.worker().claim();
    INFO("job " << i + 1 << ": " << call->parameters);
    REQUIRE(claim);
    house.worker().report_start(*claim);
    house.worker().report_end(*claim, result);
    house.turn();
    REQUIRE(house.broker->engine.core().find(claim->job)->outcome == Outcome::succeeded);
  }
}

FakeCallPtr get(House& house, std::uint64_t id) { return house.broker->call("Job.Get", R"({"id":)" + std::to_string(id) + "}"); }

}  // namespace

TEST_CASE("a result that there is no room for fails its job, in this broker and the next") {
  // The bug: a small result, which comes within its report, was dropped, and the job succeeded with none.
  House house;
  const auto call = house.broker->apply("k");
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  fill_heap(house.broker->engine.ledger());
  house.worker().report_end(*claim, std::string(1'000, '7'));
  house.turn();
  REQUIRE(call->answers == 1);
  CHECK(call->answer().value("outcome", "") == "failed");
  CHECK(call->answer().value("errorType", "") == "ResultLost");
  house.next_broker();
  const auto again = house.broker->apply("k");
  REQUIRE(again->answers == 1);
  CHECK(again->answer().value("outcome", "") == "failed");
  CHECK(house.claims() == 1);
}

TEST_CASE("applies that are kept for their keys give way in a full ledger, but for those whose callers have no answer yet") {
  House house(1, {}, "/", kSmall);
  const auto slow = house.broker->apply("slow");
  slow->keep_unsent = true;
  for (int i = 0; i < 100; ++i) {
    const auto call = i == 0 ? slow : house.broker->apply("nightly " + std::to_string(i));
    house.turn();
    const auto claim = house.worker().claim();
    REQUIRE(claim);
    house.worker().report_start(*claim);
    house.worker().report_end(*claim, std::string(30'000, '7'));
    house.turn();
    REQUIRE(call->answer().value("outcome", "") == "succeeded");
  }
  CHECK(house.broker->engine.ledger().result(JobId{1}).size() == 30'000);
  CHECK(house.broker->engine.ledger().size() <= kSmall.entries);
  CHECK(house.broker->apply("nightly 99")->answer().value("id", 0) == 100);
  slow->unsent = {};
}

TEST_CASE("where there is room for a report without its result, the reason is kept as well") {
  House house;
  house.broker->apply("k");
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  const auto fillers = fill_heap(house.broker->engine.ledger());
  for (std::size_t i = fillers.size() - 8; i < fillers.size(); ++i) house.broker->engine.ledger().erase(fillers[i]);  // small ones
  house.worker().report_end(*claim, std::string(30'000, '7'));
  house.turn();
  house.next_broker();
  const auto again = house.broker->apply("k");
  REQUIRE(again->answers == 1);
  CHECK(again->answer().value("errorType", "") == "ResultLost");
  CHECK(again->answer().value("reason", "").find("no room for the result") != std::string::npos);
}

TEST_CASE("an outcome that the ledger had no room for is recorded when there is some") {
  // The bug: it was tried once; the job was done for this broker, and unknown to the next.
  House house(0, {}, "/", {.entries = 1'024, .heap_bytes = 1 << 20});
  house.broker->call("Pool.ApplyAsync", FakeBroker::submission("k"));
  Ledger& ledger = house.broker->engine.ledger();
  const auto fillers = fill_heap(ledger);
  const std::size_t before = ledger.size();
  CHECK(house.broker->call("Job.Cancel", R"({"ids":[1]})")->answers == 1);
  house.turn();
  CHECK(ledger.size() == before);
  ledger.erase(fillers.front());
  house.turn();
  CHECK(ledger.size() == before);
  house.next_broker();
  const Job* job = house.broker->engine.core().find(JobId{1});
  REQUIRE(job != nullptr);
  CHECK(job->outcome == Outcome::cancelled);
}

TEST_CASE("an outcome that had no room and is on disk since is put down no more") {
  // The bug: it was entered again when there was room, and nobody took it out before the job was forgotten.
  House house(0, {}, "/", {.entries = 1'024, .heap_bytes = 1 << 20});
  Ledger& ledger = house.broker->engine.ledger();
  house.broker->call("Pool.ApplyAsync", R"({"job":{"function":"square","arguments":"[7]","delayUSec":3600000000}})");
  house.turn();
  house.commit();
  house.broker->apply("k", R"(,"after":[1])");
  house.turn();
  const auto fillers = fill_heap(ledger);
  house.broker->call("Job.Cancel", R"({"ids":[1]})");
  house.turn();
  REQUIRE_FALSE(ledger.has(JobId{1}));
  house.commit();
  REQUIRE(house.broker->engine.core().find(JobId{1})->settled);
  for (const JobId filler : fillers) ledger.erase(filler);
  house.turn();
  CHECK_FALSE(ledger.has(JobId{1}));
}

TEST_CASE("ephemeral jobs go on while the end of a durable one cannot be put on disk") {
  // The bug: until that was on disk nothing that was forgotten left the ledger, whether a durable job came after it or not.
  House house(1, {}, "/", kSmall);
  house.broker->call("Pool.ApplyAsync", R"({"job":{"function":"square","arguments":"[7]","delayUSec":3600000000}})");
  house.turn();
  house.commit();
  house.store.become_stuck();
  house.broker->call("Job.Cancel", R"({"ids":[1]})");
  house.turn();
  for (int i = 0; i < 3 * static_cast<int>(kSmall.entries); ++i) {
    INFO(i);
    const auto call = house.broker->apply("k" + std::to_string(i));
    house.turn();
    const auto claim = house.worker().claim();
    REQUIRE(claim);
    house.worker().report_start(*claim);
    house.worker().report_end(*claim, "49");
    house.turn();
    REQUIRE(call->answers == 1);
  }
}

TEST_CASE("results that nobody collects give way to others, the oldest first, and their jobs say so") {
  // The bug: once they had filled the ledger, every further job was cancelled, accepted durable ones too.
  House house(1, {}, "/", kSmall);
  const std::string result = "\"" + std::string(30'000, 'r') + "\"";
  run_uncollected(house, 60, result);
  for (int broker = 0; broker < 2; ++broker) {
    const auto oldest = get(house, 1), newest = get(house, 60);
    CHECK(oldest->error_name == "org.jobpool.Job.NoOutput");
    CHECK(oldest->parameters.find("let go to make room") != std::string::npos);
    CHECK(newest->answer().value("result", "") == result);
    CHECK(house.broker->engine.core().find(JobId{1})->outcome == Outcome::succeeded);
    house.next_broker();
  }
  const auto durable = house.broker->call("Pool.ApplyAsync", R"({"job":{"function":"square","arguments":"[7]"}})");
  house.turn();
  house.commit();
  REQUIRE(house.worker().claim());
  CHECK(durable->answers == 1);
}

TEST_CASE("a result in pieces finds room as well") {
  House house(1, {}, "/", kSmall);
  run_uncollected(house, 40, "\"" + std::string(30'000, 'r') + "\"");
  const std::string result = "\"" + std::string(60'000, 'p') + "\"";
  const auto call = house.broker->apply("k");
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  house.worker().report_in_pieces(*claim, result);
  house.turn();
  CHECK(call->answer().value("result", "") == result);
}

TEST_CASE("where it is not results but jobs that fill the ledger, the oldest are forgotten") {
  House house(1, {}, "/", kSmall);
  run_uncollected(house, 3 * static_cast<int>(kSmall.entries), "49");
  CHECK(get(house, 1)->error_name == "org.jobpool.Job.NoSuchJob");
  CHECK(get(house, 3 * kSmall.entries)->answer().value("result", "") == "49");
}

TEST_CASE("a job that the ledger has no room for stays ready until there is some") {
  House house(1, {}, "/", {.entries = 1'024, .heap_bytes = 1 << 20});
  Ledger& ledger = house.broker->engine.ledger();
  const auto fillers = fill_heap(ledger);
  const bool durable = GENERATE(false, true);
  house.broker->call("Pool.ApplyAsync", durable ? R"({"job":{"function":"square","arguments":"[7]"}})" : FakeBroker::submission("k"));
  for (int turn = 0; turn < 3; ++turn) {
    house.turn();
    house.commit();
    CHECK_FALSE(house.worker().claim());
    CHECK(house.broker->engine.core().find(JobId{1})->state == JobState::ready);
  }
  for (const JobId filler : fillers) ledger.erase(filler);
  house.turn();
  house.commit();
  CHECK(house.worker().claim());
}

TEST_CASE("as many results give way as a large one needs, and no more") {
  // The bug: room was made for small things only, and a result larger than that was lost though others could have given way.
  House house(1, {}, "/", kSmall);
  run_uncollected(house, 29, "\"" + std::string(30'000, 'r') + "\"");  // a block of 32 KiB each, of 1 MiB
  const std::string result = "\"" + std::string(130'000, 'p') + "\"";
  const auto call = house.broker->apply("k");
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  house.worker().report_in_pieces(*claim, result);
  house.turn();
  CHECK(call->answer().value("outcome", "") == "succeeded");
  CHECK(call->answer().value("result", "") == result);
  // The block is aligned: up to twice as many gave way.
  CHECK(get(house, 1)->error_name == "org.jobpool.Job.NoOutput");
  for (const std::uint64_t id : {9, 29}) CHECK(get(house, id)->error_name.empty());
}

TEST_CASE("nothing gives way to a result that there will be no room for") {
  House house(1, {}, "/", {.entries = 64, .heap_bytes = 256 << 10});
  run_uncollected(house, 4, "\"" + std::string(30'000, 'r') + "\"");
  const auto call = house.broker->apply("k");
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  house.worker().report_in_pieces(*claim, "\"" + std::string(200'000, 'p') + "\"");
  house.turn();
  CHECK(call->answer().value("errorType", "") == "ResultLost");
  CHECK(get(house, 1)->error_name.empty());
  // And what is smaller is not made to wait for that.
  run_uncollected(house, 4, "\"" + std::string(30'000, 's') + "\"");
  CHECK(get(house, 1)->error_name == "org.jobpool.Job.NoOutput");
  CHECK(get(house, 9)->error_name.empty());
}

TEST_CASE("durable jobs that wait for a retry take no room, and the next broker knows of them") {
  // The bug: each kept its entry and its report, and half a million of them kept everybody's jobs from starting until they were tried
  // again.
  House house;
  house.broker->call("Pool.ApplyAsync", R"({"job":{"function":"square","retries":1,"backoffUSec":3600000000}})");
  house.turn();
  house.commit();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  Report failed;
  failed.ending = Ending::threw;
  house.worker().report(*claim, failed);
  house.turn();
  CHECK(house.broker->engine.ledger().has(JobId{1}));  // until that is on disk
  house.commit();
  CHECK_FALSE(house.broker->engine.ledger().has(JobId{1}));
  CHECK(house.broker->engine.ledger().heap_used() == 0);
  house.next_broker();
  const Job& again = *house.broker->engine.core().find(JobId{1});
  CHECK(again.state == JobState::waiting);
  CHECK(again.waits_for == WaitsFor::retry);
  CHECK(again.earlier.size() == 1);
}

TEST_CASE("while a job lacks room the broker wakes up to look for some") {
  // The bug: after a search that had found nothing it slept until somebody called, whatever could give way by then.
  House house(1, {}, "/", kSmall);
  const auto fillers = fill_heap(house.broker->engine.ledger());
  CHECK_FALSE(house.broker->engine.next_deadline());
  house.broker->apply("k");
  house.turn();
  const auto next = house.broker->engine.next_deadline();
  REQUIRE(next);
  CHECK(*next > Clock::now());
  for (const JobId filler : fillers) house.broker->engine.ledger().erase(filler);
  house.turn();
  REQUIRE(house.worker().claim());
  house.turn();
  CHECK_FALSE(house.broker->engine.next_deadline());
}

TEST_CASE("a result that waits in a worker's ring finds room in the next broker") {
  // The bug: what could give way was not known yet when the ring was read, and the job failed for want of room.
  House house(1, {}, "/", kSmall);
  const std::string result = "\"" + std::string(30'000, 'r') + "\"";
  run_uncollected(house, 60, result);
  house.hire();
  const auto last = house.broker->apply("k");
  house.turn();
  auto claim = house.worker(0).claim();
  const bool is_first = claim.has_value();
  if (!is_first) claim = house.worker(1).claim();
  REQUIRE(claim);
  PretendedWorker& worker = house.worker(is_first ? 0 : 1);
  worker.report_start(*claim);
  house.turn();
  // Up to where no result finds room without others giving way.
  std::uint64_t filler = kFirstFiller;
  const std::byte piece[1]{};
  for (const std::size_t size : {32'768, 16'384})
    for (;; ++filler) {
      Job job;
      job.id = JobId{filler};
      job.mode = Mode::apply_async;
      job.flags.durable = true;
      if (!house.broker->engine.ledger().begin(job) || !house.broker->engine.ledger().add_result(job.id, size, 0, piece)) break;
    }
  worker.report_end(*claim, result);
  house.next_broker();
  const auto again = house.broker->apply("k");
  house.turn();
  REQUIRE(again->answers == 1);
  CHECK(again->answer().value("outcome", "") == "succeeded");
  CHECK(again->answer().value("result", "") == result);
}
