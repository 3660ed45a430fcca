// Who is woken when, and that nobody is woken for nothing.
#include <thread>

#include "tests/support/wait_until.hpp"
#include "tests/unit/shm/pair.hpp"

namespace jobpool::shm {
namespace {

bool doorbell_rang(const Pair& pair) {
  std::uint64_t count = 0;
  return ::read(pair.fds.eventfd.get(), &count, sizeof count) == sizeof count;
}

}  // namespace

TEST_CASE("a broker does not go to sleep over frames it has not seen") {
  Pair pair;
  pair.offer(1);
  const Claim claim = pair.claim();
  CHECK(pair.broker.prepare_to_sleep());
  pair.broker.wake_up();
  pair.worker.report_start(claim, StartBody{.started_usec = 1, .pid = 99, .reserved = 0});
  CHECK(!pair.broker.prepare_to_sleep());
  CHECK(pair.bare.to_worker->broker_sleeping.load() == 0);
  pair.drain();
  CHECK(pair.broker.prepare_to_sleep());
}

TEST_CASE("a worker rings the doorbell with FIN and DATA, of a broker that sleeps only, and never with START") {
  Pair pair;
  pair.offer(1);
  const Claim claim = pair.claim();
  pair.worker.report_data(claim, "x");
  CHECK(!doorbell_rang(pair));
  pair.drain();
  REQUIRE(pair.broker.prepare_to_sleep());
  pair.worker.report_start(claim, StartBody{.started_usec = 1, .pid = 99, .reserved = 0});
  CHECK(!doorbell_rang(pair));
  pair.worker.report_data(claim, "x");
  CHECK(doorbell_rang(pair));
  pair.worker.report_fin(claim, bytes_of("r"));
  CHECK(doorbell_rang(pair));
  pair.broker.wake_up();
  CHECK(pair.bare.to_worker->broker_sleeping.load() == 0);
}

TEST_CASE("the bell rings for a worker that sleeps only") {
  Pair pair;
  pair.offer(1);
  pair.broker.ring();
  CHECK(pair.bare.control->bell.load() == 0);
  pair.bare.control->sleeping.store(1);
  pair.broker.ring();
  CHECK(pair.bare.control->bell.load() == 1);
}

TEST_CASE("an acknowledgement does not wake an idle worker, but one that may wait for room") {
  Pair pair;
  pair.offer(1);
  const Claim claim = pair.claim();
  pair.worker.report_data(claim, std::string(60'000, 'x'));
  pair.bare.control->sleeping.store(1);
  pair.drain();
  pair.broker.acknowledge();
  CHECK(pair.bare.control->bell.load() == 0);
  pair.bare.control->sleeping.store(0);
  pair.worker.report_fin(claim, bytes_of("r"));
  pair.drain();
  pair.broker.acknowledge();
  pair.broker.release(claim.sequence);

  pair.offer(2);
  const Claim large = pair.claim();
  pair.worker.report_data(large, std::string(3 * (kMaxFrameBody - sizeof(DataHeader)), 'x'));
  pair.bare.control->sleeping.store(1);
  pair.drain();
  pair.broker.acknowledge();
  CHECK(pair.bare.control->bell.load() == 1);
}

TEST_CASE("a worker does not sleep over an offer, nor over a revoke that came after its last look") {
  Pair pair;
  const Sequence sequence = pair.offer(1);
  pair.worker.wait();  // returns: something is offered
  REQUIRE(pair.broker.revoke(sequence));
  REQUIRE(!pair.worker.try_claim().has_value());
  pair.broker.release(sequence);
  pair.worker.wait();  // returns: a word changed
  CHECK(pair.bare.control->sleeping.load() == 0);
}

TEST_CASE("a sleeping worker wakes by an offer and by a revoke") {
  Pair pair;
  std::atomic<int> woken{0};
  std::atomic<bool> claimed{false};
  std::thread worker([&] {
    while (!claimed) {
      if (pair.worker.try_claim()) claimed = true;
      if (!claimed) pair.worker.wait();
      ++woken;
    }
  });
  const auto asleep = [&] { return pair.bare.control->sleeping.load() == 1; };
  REQUIRE(testing::wait_until(asleep));
  // Offered and revoked before it looks: it wakes and finds nothing.
  const Sequence sequence = pair.offer(1);
  const bool revoked = pair.broker.revoke(sequence);
  pair.broker.ring();
  CHECK(revoked);
  CHECK(testing::wait_until([&] { return woken >= 1 && asleep(); }));
  pair.offer(2);
  pair.broker.ring();
  worker.join();
  CHECK(claimed);
}

}  // namespace jobpool::shm
