// The ledger has no room left: what is lost is said, and what can be kept is kept.
#include "tests/unit/broker/engine/house.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

constexpr std::uint64_t kFirstFiller = 1'000'000;
constexpr std::uint64_t kLargestBlock = 32 << 20;

// Results that were announced and never come take all of the heap (it is sparse: nothing is written). One filler per block.
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
  return fillers;
}

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
  House house(0);
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
