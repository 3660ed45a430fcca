// What the audit takes for madness, what it rescues, and what it must leave alone.
#include "common/shm/audit.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/shm/pair.hpp"
#include "tests/unit/shm/sleeper.hpp"

namespace jobpool::shm {
namespace {

std::string verdict(Pair& pair) {
  const auto audited = pair.broker.audit();
  if (audited) return "rescued " + std::to_string(*audited);
  CHECK(audited.error().code == Errc::protocol);
  return audited.error().text;
}

}  // namespace

TEST_CASE("a worker in order passes the audit in each state") {
  Pair pair;
  CHECK(verdict(pair) == "rescued 0");
  const Sequence first = pair.offer(1);
  const Sequence second = pair.offer(2);
  CHECK(verdict(pair) == "rescued 0");
  const Claim claim = pair.claim();
  CHECK(verdict(pair) == "rescued 0");
  pair.worker.report_fin(claim, bytes_of("r"));
  pair.claim();
  CHECK(verdict(pair) == "rescued 0");  // two claimed words, but a report is not drained yet
  pair.drain();
  CHECK(verdict(pair) == "rescued 0");
  pair.broker.acknowledge();
  pair.broker.release(first);
  CHECK(verdict(pair) == "rescued 0");
  const Sequence third = pair.offer(3);
  REQUIRE(pair.broker.revoke(third));
  CHECK(verdict(pair) == "rescued 0");
  CHECK(pair.broker.state(second) == SlotState::claimed);
}

TEST_CASE("a forged word is found") {
  Pair pair;
  const Sequence offered = pair.offer(1);
  auto& word = pair.bare.control->word[0];
  SECTION("emptied") {
    word.store(pack(offered.value, SlotState::empty));
    CHECK(contains(verdict(pair), "neither offered nor claimed"));
  }
  SECTION("another sequence") {
    word.store(pack(offered.value + 1, SlotState::claimed));
    CHECK(contains(verdict(pair), "neither offered nor claimed"));
  }
  SECTION("a free slot that claims to hold something") {
    pair.bare.control->word[4].store(pack(1, SlotState::claimed));
    CHECK(contains(verdict(pair), "free slot"));
  }
  SECTION("a revoked offer that is claimed") {
    REQUIRE(pair.broker.revoke(offered));
    word.store(pack(offered.value, SlotState::claimed));
    CHECK(contains(verdict(pair), "revoked offer"));
  }
  SECTION("a reported job that is offered again") {
    pair.worker.report_fin(pair.claim(), bytes_of("r"));
    pair.drain();
    word.store(pack(offered.value, SlotState::offered));
    CHECK(contains(verdict(pair), "not claimed"));
  }
  SECTION("a position that cannot be") {
    pair.bare.from_worker->wpos.store(3);
    CHECK(contains(verdict(pair), "not aligned"));
  }
}

TEST_CASE("two claimed jobs of one thread are madness") {
  Pair pair;
  pair.offer(1);
  pair.offer(2);
  pair.claim();
  pair.claim();
  CHECK(contains(verdict(pair), "more jobs claimed than it has threads"));
}

TEST_CASE("a worker asleep over an offer is rung, and counted as rescued") {
  Pair pair;
  Sleeper sleeper(pair);
  pair.offer(1);  // and the bell is forgotten
  CHECK(verdict(pair) == "rescued 1");
  CHECK(testing::wait_until([&] { return pair.bare.control->sleeping.load() == 0; }));
  CHECK(verdict(pair) == "rescued 0");
}

TEST_CASE("a worker that was rung but has not run yet is not counted as rescued") {
  Pair pair;
  pair.offer(1);
  pair.bare.control->sleeping.store(1);  // as it stands until the woken worker runs
  CHECK(verdict(pair) == "rescued 0");
}

TEST_CASE("a worker asleep over a job it claimed is madness, but not while it may wait for room") {
  Pair pair;
  pair.offer(1);
  const Claim claim = pair.claim();
  SECTION("nothing undrained, room in plenty") {
    Sleeper sleeper(pair);
    CHECK(contains(verdict(pair), "sleeps over a claimed job"));
  }
  SECTION("the ring is full and not acknowledged") {
    pair.worker.report_data(claim, std::string(3 * (kMaxFrameBody - sizeof(DataHeader)), 'x'));
    Sleeper sleeper(pair);
    CHECK(verdict(pair) == "rescued 0");  // not drained
    pair.drain();
    CHECK(verdict(pair) == "rescued 0");  // drained, but its room is not given back yet
  }
  SECTION("an idle worker with nothing to do") {
    pair.worker.report_fin(claim, bytes_of("r"));
    pair.drain();
    Sleeper sleeper(pair);
    CHECK(verdict(pair) == "rescued 0");
  }
}

TEST_CASE("a worker that woke between two looks of the audit, wrote frames and sleeps for want of room, is in order") {
  // The bug: on a busy machine the audit was held up between its look at the ring and its bell, and then killed a worker with a large
  // result.
  Pair pair;
  pair.offer(1);
  const Claim claim = pair.claim();
  RingReader looked_before(*pair.bare.from_worker, 0);
  const Census census{.offered = 0, .running = 1};
  SECTION("it has written nothing") {
    Sleeper sleeper(pair);
    CHECK(contains(judge_sleepers(*pair.bare.control, census, 1, looked_before).wrong, "sleeps over a claimed job"));
  }
  SECTION("it has written") {
    pair.worker.report_data(claim, "x");
    Sleeper sleeper(pair);
    CHECK(judge_sleepers(*pair.bare.control, census, 1, looked_before).wrong == nullptr);
  }
  SECTION("it has run the offer that it was to be rescued for") {
    pair.worker.report_fin(claim, bytes_of("r"));
    Sleeper sleeper(pair);
    CHECK(judge_sleepers(*pair.bare.control, {.offered = 1, .running = 0}, 1, looked_before).rescued == 0);
  }
}

TEST_CASE("of several threads as many may have a job or sleep as there are, and no more") {
  Pair pair(3);
  const Sequence first = pair.offer(1);
  pair.offer(2);
  pair.offer(3);
  const Claim one = *pair.worker.try_claim(0);
  CHECK(verdict(pair) == "rescued 0");
  pair.worker.try_claim(1);
  pair.worker.try_claim(2);
  {
    Sleeper sleeper(pair, 2, [] {});
    CHECK(contains(verdict(pair), "sleeps over a claimed job"));
  }
  CHECK(verdict(pair) == "rescued 0");  // three jobs, nobody asleep
  pair.offer(4);
  CHECK(verdict(pair) == "rescued 0");  // behind the running ones
  pair.worker.try_claim(0);
  CHECK(contains(verdict(pair), "more jobs claimed than it has threads"));
  pair.worker.report_fin(one, bytes_of("r"));
  CHECK(verdict(pair) == "rescued 0");  // a report is not drained yet
  pair.drain();
  CHECK(verdict(pair) == "rescued 0");
  CHECK(pair.broker.state(first) == SlotState::claimed);
}

TEST_CASE("an idle thread may sleep beside others that run, and beside offers that others were woken for") {
  Pair pair(3);
  Sleeper one(pair, 0, [] {}), two(pair, 1, [] {});
  pair.offer(1);
  CHECK(verdict(pair) == "rescued 0");  // the third thread is awake, and about to look
  pair.offer(2);
  CHECK(verdict(pair) == "rescued 1");  // one for the third, one for nobody
}

TEST_CASE("one bell wakes as many threads as there are offers, and those that wait for work only") {
  Pair pair(3);
  std::atomic<int> awake{0};
  Sleeper one(pair, 0, [&] { ++awake; }), two(pair, 1, [&] { ++awake; }), three(pair, 2, [&] { ++awake; });
  pair.offer(1);
  pair.offer(2);
  pair.broker.ring();
  CHECK(testing::wait_until([&] { return awake == 2; }));
  CHECK(pair.bare.control->sleeping == 1);
  pair.broker.ring_all();
  CHECK(testing::wait_until([&] { return awake == 3; }));
}

TEST_CASE("a thread that waits for room is not woken in place of one that waits for work") {
  Pair pair(2);
  pair.offer(1);
  const Claim claim = *pair.worker.try_claim(0);
  std::thread writer([&] { pair.worker.report_data(claim, std::string(2 * kRingBytes, 'x')); });  // until there is room
  REQUIRE(testing::wait_until([&] { return pair.bare.control->sleeping == 1; }));
  std::atomic<int> awake{0};
  Sleeper idle(pair, 1, [&] { ++awake; });
  pair.offer(2);
  pair.broker.ring();
  CHECK(testing::wait_until([&] { return awake == 1; }));
  for (std::uint64_t bytes = 0; bytes < 2 * kRingBytes;) {
    for (const Pair::Drained& frame : pair.drain()) bytes += frame.body.size() - sizeof(DataHeader);
    pair.broker.acknowledge();
  }
  writer.join();
}

TEST_CASE("a worker of more threads than one may have is neither mapped nor inherited") {
  Pair pair;
  pair.bare.to_worker->threads = kMaxThreads + 1;
  CHECK(ClaimSide::over(pair.bare.for_worker(), UniqueFd(::dup(pair.fds.eventfd.get()))).error().code == Errc::unsupported);
  CHECK(pair.replace_broker().error().code == Errc::unsupported);
  pair.bare.to_worker->threads = 0;  // of a supervisor that knew no threads
  REQUIRE(pair.replace_broker());
  CHECK(pair.broker.threads() == 1);
}

TEST_CASE("which item of a chunk runs is kept for each slot") {
  Pair pair(2);
  const Sequence first = pair.offer(1), second = pair.offer(2);
  pair.worker.item(*pair.worker.try_claim(0)) = 3;
  pair.worker.item(*pair.worker.try_claim(1)) = 4;
  CHECK(pair.broker.item(first) == 3);
  CHECK(pair.broker.item(second) == 4);
}

}  // namespace jobpool::shm
