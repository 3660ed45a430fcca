// The life of a slot: offer, claim, revoke, report, release.
#include <set>

#include "tests/unit/shm/pair.hpp"

namespace jobpool::shm {

TEST_CASE("a word keeps sequence and state apart") {
  const std::uint64_t word = pack(kMaxSequence, SlotState::revoked);
  CHECK(sequence_of(word) == kMaxSequence);
  CHECK(state_of(word) == SlotState::revoked);
  CHECK(state_of(pack(1, SlotState::empty)) == SlotState::empty);
}

TEST_CASE("a claim carries everything that was offered") {
  Pair pair;
  const auto sequence = pair.broker.offer(
      Offer{.job = JobId{42}, .kind = JobKind::command, .flags = kHasDescriptors, .attempt = 3, .payload = "what to run"});
  REQUIRE(sequence.has_value());
  const Claim claim = pair.claim();
  CHECK(claim.sequence == *sequence);
  CHECK(claim.job == JobId{42});
  CHECK(claim.kind == JobKind::command);
  CHECK(claim.flags == kHasDescriptors);
  CHECK(claim.attempt == 3);
  CHECK(claim.payload == "what to run");
  CHECK(!pair.worker.try_claim().has_value());
}

TEST_CASE("offers are claimed in the order they were made, whatever slots they lie in") {
  Pair pair;
  const Sequence first = pair.offer(1);
  const Sequence second = pair.offer(2);
  REQUIRE(pair.broker.revoke(first));
  pair.broker.release(first);
  const Sequence third = pair.offer(3);  // lies in the slot before the second's
  CHECK(pair.claim().sequence == second);
  CHECK(pair.claim().sequence == third);
}

TEST_CASE("a reported job comes back as START and FIN, and its slot is free after release") {
  Pair pair;
  const Sequence sequence = pair.offer(5, "in");
  const Claim claim = pair.claim();
  CHECK(pair.broker.state(sequence) == SlotState::claimed);
  pair.worker.report_start(claim, StartBody{.started_usec = 1, .pid = 4711, .reserved = 0});
  pair.worker.report_fin(claim, bytes_of("out"));

  const auto frames = pair.drain();
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].type == FrameType::start);
  CHECK(frames[1].type == FrameType::fin);
  CHECK(frames[1].sequence == sequence.value);
  CHECK(frames[1].job == 5);
  CHECK(frames[1].body == "out");
  CHECK(pair.drain().empty());  // once each

  CHECK(pair.broker.in_flight_count() == 1);
  pair.broker.acknowledge();
  pair.broker.release(sequence);
  CHECK(pair.broker.in_flight_count() == 0);
  CHECK(pair.broker.free_slots() == kSlots);
  CHECK(!pair.worker.is_live(sequence));
}

TEST_CASE("a revoked job cannot be claimed, a claimed job cannot be revoked") {
  Pair pair;
  const Sequence revoked = pair.offer(1);
  CHECK(pair.worker.is_live(revoked));
  CHECK(pair.broker.revoke(revoked));
  CHECK(pair.broker.revoke(revoked));  // asking again changes nothing
  CHECK(pair.broker.state(revoked) == SlotState::revoked);
  CHECK(!pair.worker.is_live(revoked));
  CHECK(!pair.worker.try_claim().has_value());
  CHECK(pair.broker.in_flight_count() == 1);  // until release
  pair.broker.release(revoked);

  const Sequence claimed = pair.offer(2);
  pair.claim();
  CHECK(!pair.broker.revoke(claimed));
  CHECK(pair.worker.is_live(claimed));
}

TEST_CASE("as many offers as there are slots are in flight at most, and no sequence is ever used twice") {
  Pair pair;
  std::set<std::uint64_t> used;
  for (int round = 0; round < 100; ++round) {
    std::vector<Sequence> sequences;
    for (std::size_t i = 0; i < kSlots; ++i) sequences.push_back(pair.offer(i + 1));
    CHECK(pair.broker.free_slots() == 0);
    CHECK(!pair.broker.offer(Offer{.job = JobId{99}, .kind = JobKind::function, .payload = ""}).has_value());
    for (const Sequence sequence : sequences) {
      used.insert(sequence.value);
      REQUIRE(pair.broker.revoke(sequence));
      pair.broker.release(sequence);
    }
  }
  CHECK(used.size() == 100 * kSlots);
}

TEST_CASE("an offer without room for its payload is refused and takes nothing") {
  Pair pair;
  const std::string large(kPayloadBytes / 2 + 1, 'x');
  const Sequence first = pair.offer(1, large);
  CHECK(!pair.broker.offer(Offer{.job = JobId{2}, .kind = JobKind::function, .payload = large}).has_value());
  CHECK(pair.broker.free_slots() == kSlots - 1);
  REQUIRE(pair.broker.revoke(first));
  pair.broker.release(first);
  CHECK(pair.offer(3, large).value > first.value);
}

TEST_CASE("in_flight tells what a slot holds") {
  Pair pair;
  const Sequence offered = pair.offer(1, "one");
  const Sequence revoked = pair.offer(2, "two");
  REQUIRE(pair.broker.revoke(revoked));
  const auto slots = pair.broker.in_flight();
  REQUIRE(slots.size() == 2);
  CHECK(slots[0].sequence == offered);
  CHECK(slots[0].state == SlotState::offered);
  CHECK(slots[0].payload == "one");
  CHECK(slots[1].job == JobId{2});
  CHECK(slots[1].state == SlotState::revoked);
}

TEST_CASE("a worker that finds a descriptor of another sequence aborts") {
  Pair pair;
  pair.offer(1);
  pair.bare.to_worker->desc[0].sequence += 1;
  CHECK(aborts([&] { pair.worker.try_claim(); }));
}

TEST_CASE("a worker that finds a payload outside the mapping aborts") {
  Pair pair;
  pair.offer(1, "x");
  pair.bare.to_worker->desc[0].payload_offset = kPayloadBytes;
  CHECK(aborts([&] { pair.worker.try_claim(); }));
  pair.offer(2, "y");
  pair.bare.to_worker->desc[1].payload_length = ~std::uint64_t{0};
  CHECK(aborts([&] { pair.worker.try_claim(); }));
}

TEST_CASE("releasing an outcome that was not acknowledged aborts, since a successor could not place its FIN") {
  Pair pair;
  const Sequence sequence = pair.offer(1);
  pair.worker.report_fin(pair.claim(), bytes_of("r"));
  REQUIRE(pair.drain().size() == 1);
  CHECK(aborts([&] { pair.broker.release(sequence); }));
  pair.broker.acknowledge();
  CHECK(!aborts([&] { pair.broker.release(sequence); }));
}

TEST_CASE("asking about a sequence that is not in flight aborts") {
  Pair pair;
  CHECK(aborts([&] { pair.broker.revoke(Sequence{1}); }));
  CHECK(aborts([&] { pair.broker.release(Sequence{1}); }));
}

}  // namespace jobpool::shm
