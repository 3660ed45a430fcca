// A new broker takes over a segment from each state a killed one may leave it in.
#include "tests/unit/shm/pair.hpp"

namespace jobpool::shm {
namespace {

bool takes_over(Pair& pair) {
  const auto taken = pair.replace_broker();
  INFO((taken ? std::string() : taken.error().text));
  if (!taken) CHECK(taken.error().code == Errc::protocol);
  return static_cast<bool>(taken);
}

}  // namespace

TEST_CASE("an unused segment is inherited empty") {
  Pair pair;
  REQUIRE(takes_over(pair));
  CHECK(pair.broker.in_flight_count() == 0);
  CHECK(pair.offer(1).value == 1);
}

TEST_CASE("killed between descriptor and OFFERED: the slot is free and the sequence is spent") {
  Pair pair;
  const Sequence sequence = pair.offer(1, "payload");
  pair.bare.control->word[0].store(pack(0, SlotState::empty));
  REQUIRE(takes_over(pair));
  CHECK(pair.broker.in_flight_count() == 0);
  CHECK(pair.offer(2).value > sequence.value);
}

TEST_CASE("killed after OFFERED: the offer stands and the sleeping worker is rung") {
  Pair pair;
  const Sequence sequence = pair.offer(1, "payload");
  pair.bare.control->sleeping.store(1);
  REQUIRE(takes_over(pair));
  CHECK(pair.bare.control->bell.load() == 1);
  pair.bare.control->sleeping.store(0);
  const auto slots = pair.broker.in_flight();
  REQUIRE(slots.size() == 1);
  CHECK(slots[0].sequence == sequence);
  CHECK(slots[0].job == JobId{1});
  CHECK(slots[0].state == SlotState::offered);
  CHECK(slots[0].payload == "payload");
  CHECK(pair.claim().payload == "payload");
}

TEST_CASE("a claimed job goes on under the new broker, its payload untouched") {
  Pair pair;
  const Sequence sequence = pair.offer(1, "first");
  const Claim claim = pair.claim();
  pair.worker.report_start(claim, StartBody{.started_usec = 1, .pid = 99, .reserved = 0});
  REQUIRE(takes_over(pair));
  pair.offer(2, "second");  // must not lie over the first
  CHECK(claim.payload == "first");
  CHECK(pair.broker.in_flight()[0].state == SlotState::claimed);
  pair.worker.report_fin(claim, bytes_of("r"));
  const auto frames = pair.drain();
  REQUIRE(frames.size() == 2);
  pair.broker.acknowledge();
  pair.broker.release(sequence);
}

TEST_CASE("killed in REVOKED: the new broker finds a job that never started") {
  Pair pair;
  const Sequence sequence = pair.offer(1);
  REQUIRE(pair.broker.revoke(sequence));
  REQUIRE(takes_over(pair));
  CHECK(pair.broker.in_flight()[0].state == SlotState::revoked);
  CHECK(pair.broker.revoke(sequence));
  pair.broker.release(sequence);
  CHECK(!pair.worker.try_claim().has_value());
}

TEST_CASE("killed before rpos was moved: the same frames come again") {
  Pair pair;
  const Sequence sequence = pair.offer(1);
  pair.worker.report_fin(pair.claim(), bytes_of("r"));
  REQUIRE(pair.drain().size() == 1);
  REQUIRE(takes_over(pair));
  REQUIRE(pair.drain().size() == 1);
  pair.broker.acknowledge();
  pair.broker.release(sequence);
}

TEST_CASE("killed between rpos and EMPTY: the slot is in flight without a frame, and can be released") {
  Pair pair;
  const Sequence sequence = pair.offer(1, "x");
  pair.worker.report_fin(pair.claim(), bytes_of("r"));
  REQUIRE(pair.drain().size() == 1);
  pair.broker.acknowledge();
  REQUIRE(takes_over(pair));
  CHECK(pair.drain().empty());
  CHECK(pair.broker.in_flight_count() == 1);
  pair.broker.release(sequence);
  CHECK(pair.broker.audit());
  CHECK(pair.offer(2).value > sequence.value);
}

TEST_CASE("a result half acknowledged goes on from where the dead broker stopped") {
  Pair pair;
  pair.offer(1);
  const Claim claim = pair.claim();
  pair.worker.report_data(claim, std::string(150'000, 'r'));
  pair.worker.report_fin(claim, bytes_of("r"));
  // The dead broker had acknowledged the first of three DATA frames.
  pair.bare.to_worker->rpos.store(sizeof(FrameHeader) + kMaxFrameBody);
  REQUIRE(takes_over(pair));
  const auto frames = pair.drain();
  REQUIRE(frames.size() == 3);
  DataHeader data;
  std::memcpy(&data, frames[0].body.data(), sizeof data);
  CHECK(data.offset == kMaxFrameBody - sizeof(DataHeader));
}

TEST_CASE("sequences go on above every one that was ever used") {
  Pair pair;
  Sequence last{0};
  for (std::size_t i = 0; i < 3 * kSlots; ++i) {
    last = pair.offer(i + 1);
    REQUIRE(pair.broker.revoke(last));
    pair.broker.release(last);
  }
  REQUIRE(takes_over(pair));
  CHECK(pair.offer(99).value == last.value + 1);
}

// The bug: a worker that wrote OFFERED into slots that were never used had them inherited as offers of job 0, all under sequence 0: it
// agrees with the empty descriptor. Found by fuzzing.
TEST_CASE("words in flight in slots that were never used are refused") {
  const auto state = GENERATE(SlotState::offered, SlotState::claimed, SlotState::revoked);
  Pair pair;
  pair.offer(1);
  pair.bare.control->word[43].store(pack(0, state));
  CHECK(!takes_over(pair));
}

TEST_CASE("words that contradict their descriptors are refused") {
  Pair pair;
  const Sequence sequence = pair.offer(1, "x");
  auto& word = pair.bare.control->word[0];
  SECTION("unknown state") { word.store(sequence.value << 8 | 4); }
  SECTION("word ahead of its descriptor") { word.store(pack(sequence.value + 1, SlotState::claimed)); }
  SECTION("empty word ahead of its descriptor") { word.store(pack(sequence.value + 1, SlotState::empty)); }
  SECTION("word of an older offer in flight") { word.store(pack(0, SlotState::claimed)); }
  SECTION("a slot that never held an offer") { pair.bare.control->word[5].store(pack(3, SlotState::offered)); }
  SECTION("payload out of range") { pair.bare.to_worker->desc[0].payload_offset = kPayloadBytes; }
  SECTION("descriptor's sequence beyond 56 bits") { pair.bare.to_worker->desc[0].sequence = ~std::uint64_t{0}; }
  // It was taken over, and the first offer ended the broker, since there is no sequence behind it. Found by fuzzing.
  SECTION("descriptor's sequence that leaves none for the next offer") { pair.bare.to_worker->desc[7].sequence = kMaxSequence - 1; }
  SECTION("overlapping payloads") {
    pair.offer(2, "y");
    pair.bare.to_worker->desc[1].payload_offset = 0;
  }
  SECTION("ring further ahead than it is long") { pair.bare.from_worker->wpos.store(kRingBytes + 8); }
  CHECK(!takes_over(pair));
}

}  // namespace jobpool::shm
