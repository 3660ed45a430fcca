// What the audit takes for madness, what it rescues, and what it must leave alone.
#include <sys/syscall.h>

#include <fstream>
#include <thread>

#include "common/shm/audit.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/shm/pair.hpp"

namespace jobpool::shm {
namespace {

std::string verdict(Pair& pair) {
  const auto audited = pair.broker.audit();
  if (audited) return "rescued " + std::to_string(*audited);
  CHECK(audited.error().code == Errc::protocol);
  return audited.error().text;
}

// A thread that sleeps on the bell as a worker would, until it is rung; ended by the test or by the destructor.
class Sleeper {
 public:
  explicit Sleeper(Pair& pair) : pair_(pair), thread_([this] { run(); }) {
    // Not only announced but in the kernel: state S of the thread.
    REQUIRE(testing::wait_until([&] { return pair_.bare.control->sleeping.load() == 1 && state() == 'S'; }));
  }
  ~Sleeper() { finish(); }
  void finish() {
    if (!thread_.joinable()) return;
    pair_.bare.control->bell.fetch_add(1);
    const auto wake = [&] { return ::syscall(SYS_futex, &pair_.bare.control->bell, 1, 1, nullptr, nullptr, 0); };
    wake();
    thread_.join();
  }

 private:
  void run() {
    tid_ = static_cast<int>(::syscall(SYS_gettid));
    pair_.worker.wait();
  }
  char state() const {
    std::ifstream stat("/proc/self/task/" + std::to_string(tid_) + "/stat");
    std::string pid, name, state;
    stat >> pid >> name >> state;
    return state.empty() ? '?' : state[0];
  }

  Pair& pair_;
  std::atomic<int> tid_{0};
  std::thread thread_;
};

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
  CHECK(contains(verdict(pair), "more than one job"));
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
    CHECK(contains(judge_sleeper(*pair.bare.control, census, looked_before).wrong, "sleeps over a claimed job"));
  }
  SECTION("it has written") {
    pair.worker.report_data(claim, "x");
    Sleeper sleeper(pair);
    CHECK(judge_sleeper(*pair.bare.control, census, looked_before).wrong == nullptr);
  }
  SECTION("it has run the offer that it was to be rescued for") {
    pair.worker.report_fin(claim, bytes_of("r"));
    Sleeper sleeper(pair);
    CHECK(judge_sleeper(*pair.bare.control, {.offered = 1, .running = 0}, looked_before).rescued == 0);
  }
}

}  // namespace jobpool::shm
