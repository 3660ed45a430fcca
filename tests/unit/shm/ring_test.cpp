// Frames through the ring: every size, across its end, and large results in parts.
#include <random>

#include "common/shm/ring_reader.hpp"
#include "tests/unit/shm/pair.hpp"

namespace jobpool::shm {

TEST_CASE("frames of every size survive the ring's end") {
  Pair pair;
  std::mt19937 random(7);
  std::size_t wrong = 0;
  std::uint64_t bytes = 0;
  while (bytes < 40 * kRingBytes) {
    const Sequence sequence = pair.offer(1);
    std::string body(1 + random() % (random() % 4 == 0 ? kMaxFrameBody : 300), '\0');
    for (char& c : body) c = static_cast<char>(random());
    pair.worker.report_fin(pair.claim(), bytes_of(body));
    const auto frames = pair.drain();
    wrong += frames.size() != 1 || frames[0].body != body;
    bytes += frame_room(body.size());
    pair.broker.acknowledge();
    pair.broker.release(sequence);
  }
  CHECK(wrong == 0);
}

TEST_CASE("a header may be cut by the ring's end at each of its words") {
  for (std::uint64_t before_end = 0; before_end <= 64; before_end += 8) {
    const SegmentFds fds = *create_segment();
    const BareSegment bare = BareSegment::map(fds);
    bare.from_worker->wpos.store(kRingBytes - before_end);
    bare.to_worker->rpos.store(kRingBytes - before_end);
    bare.to_worker->layout_version = kLayoutVersion;
    OfferSide broker = *OfferSide::over(bare.for_broker(), OfferSide::Origin::inherited);
    ClaimSide worker = *ClaimSide::over(bare.for_worker(), UniqueFd(::dup(fds.eventfd.get())));
    REQUIRE(broker.offer(Offer{.job = JobId{9}, .kind = JobKind::function, .payload = ""}).has_value());
    worker.report_fin(*worker.try_claim(), bytes_of("a body over the end of the ring"));
    std::string body;
    REQUIRE(broker.drain([&](const Frame& frame) { body = text_of(frame.body); }));
    CHECK(body == "a body over the end of the ring");
  }
}

TEST_CASE("a result in parts arrives in order, each part with its place in the whole") {
  Pair pair;
  pair.offer(1);
  const Claim claim = pair.claim();
  std::string result(150'001, '\0');
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<char>(i * 7);
  pair.worker.report_data(claim, result);
  pair.worker.report_fin(claim, bytes_of("end"));
  std::string arrived;
  for (const auto& frame : pair.drain()) {
    if (frame.type != FrameType::data) continue;
    DataHeader data;
    std::memcpy(&data, frame.body.data(), sizeof data);
    CHECK(data.total_length == result.size());
    CHECK(data.offset == arrived.size());
    arrived += frame.body.substr(sizeof data);
  }
  CHECK(arrived == result);
}

TEST_CASE("a report without a body, or with one larger than a frame, aborts the worker") {
  Pair pair;
  pair.offer(1);
  const Claim claim = pair.claim();
  CHECK(aborts([&] { pair.worker.report_fin(claim, {}); }));
  CHECK(aborts([&] { pair.worker.report_fin(claim, std::vector<std::byte>(kMaxFrameBody + 1)); }));
  CHECK(aborts([&] { pair.worker.report_data(claim, std::string(kMaxResultBytes + 1, 'x')); }));
}

TEST_CASE("a worker that finds rpos ahead of what it wrote aborts") {
  Pair pair;
  pair.offer(1);
  const Claim claim = pair.claim();
  pair.bare.to_worker->rpos.store(8 * kRingBytes);
  CHECK(aborts([&] {
    for (int i = 0; i < 4; ++i) pair.worker.report_fin(claim, std::vector<std::byte>(kMaxFrameBody));
  }));
}

}  // namespace jobpool::shm
