// Every kind of frame that no sane worker writes is a protocol error, and nothing worse.
#include <algorithm>
#include <functional>

#include "common/shm/ring_reader.hpp"
#include "tests/unit/shm/pair.hpp"

namespace jobpool::shm {
namespace {

// Writes whatever it is told into the ring, as a mad worker would.
class Forger {
 public:
  explicit Forger(FromWorker& from_worker) : from_worker_(from_worker) {}

  void write(FrameHeader header, std::string_view body) {
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    bytes += body;
    bytes.resize((bytes.size() + 7) / 8 * 8);
    publish(bytes);
  }

  void publish(std::string_view bytes) {
    const std::uint64_t wpos = from_worker_.wpos.load();
    for (std::size_t i = 0; i < bytes.size(); ++i) from_worker_.ring[(wpos + i) % kRingBytes] = static_cast<std::byte>(bytes[i]);
    from_worker_.wpos.store(wpos + bytes.size());
  }

 private:
  FromWorker& from_worker_;
};

template <class Body>
std::string raw(const Body& body) {
  return {reinterpret_cast<const char*>(&body), sizeof body};
}

std::string data_body(std::uint64_t total, std::uint64_t offset, std::size_t size) {
  return raw(DataHeader{.total_length = total, .offset = offset}) + std::string(size, 'd');
}

// A claimed job 5, and a forger of its reports.
struct LiesOfOneJob : Pair {
  Sequence sequence = offer(5);
  Claim claimed = claim();
  Forger forger{*bare.from_worker};

  FrameHeader header(FrameType type, std::string_view body) const {
    return FrameHeader{
        .length = static_cast<std::uint32_t>(body.size()), .type = type, .reserved = 0, .sequence = sequence.value, .job_id = 5};
  }
  void frame(FrameType type, const std::string& body) { forger.write(header(type, body), body); }
  void start(std::int32_t pid = 4711, std::uint32_t reserved = 0) {
    frame(FrameType::start, raw(StartBody{.started_usec = 1, .pid = pid, .reserved = reserved}));
  }
};

}  // namespace

TEST_CASE("an honest report is believed") {
  LiesOfOneJob job;
  job.start();
  job.frame(FrameType::data, data_body(10, 0, 4));
  job.frame(FrameType::data, data_body(10, 4, 6));
  job.frame(FrameType::fin, "r");
  CHECK(job.complaint() == "");
}

TEST_CASE("what has reported is claimed, and cannot be revoked, when its worker puts the word back") {
  LiesOfOneJob job;
  job.start();
  CHECK(job.complaint() == "");
  job.bare.control->word[place_of(job.sequence.value)].store(pack(job.sequence.value, SlotState::offered));
  CHECK(job.broker.state(job.sequence) == SlotState::claimed);
  CHECK_FALSE(job.broker.revoke(job.sequence));
}

TEST_CASE("a frame with a lying header is a protocol error") {
  LiesOfOneJob job;
  struct Lie {
    std::string expected;
    std::function<void(FrameHeader&)> tell;
  };
  const Lie lie = GENERATE(
      Lie{"not in flight", [](FrameHeader& h) { h.sequence += 1; }}, Lie{"not in flight", [](FrameHeader& h) { h.sequence = 0; }},
      Lie{"another job's id", [](FrameHeader& h) { h.job_id = 6; }}, Lie{"unknown type", [](FrameHeader& h) { h.type = FrameType{0}; }},
      Lie{"unknown type", [](FrameHeader& h) { h.type = FrameType{4}; }}, Lie{"reserved bits", [](FrameHeader& h) { h.reserved = 1; }},
      Lie{"longer than a frame", [](FrameHeader& h) { h.length = kMaxFrameBody + 1; }},
      Lie{"longer than a frame", [](FrameHeader& h) { h.length = 0xffffffff; }}, Lie{"cut off", [](FrameHeader& h) { h.length = 9; }},
      Lie{"without a report", [](FrameHeader& h) { h.length = 0; }});
  FrameHeader header = job.header(FrameType::fin, "r");
  lie.tell(header);
  job.forger.write(header, "r");
  const std::string complaint = job.complaint();
  INFO(complaint);
  CHECK(contains(complaint, lie.expected));
}

TEST_CASE("a report that breaks the order or the limits is a protocol error") {
  LiesOfOneJob job;
  struct Lie {
    std::string expected;
    std::function<void()> tell;
  };
  const auto data = [&](std::uint64_t total, std::uint64_t offset, std::size_t size) {
    job.frame(FrameType::data, data_body(total, offset, size));
  };
  const auto fin = [&] { job.frame(FrameType::fin, "r"); };
  const std::vector<Lie> lies{
      {"second START", [&] { job.start(), job.start(); }},
      {"START after DATA", [&] { data(8, 0, 4), job.start(); }},
      {"START has the wrong length", [&] { job.frame(FrameType::start, "short"); }},
      {"START has the wrong length", [&] { job.frame(FrameType::start, std::string(17, 's')); }},
      {"reserved bits", [&] { job.start(4711, 1); }},
      {"names no process", [&] { job.start(0); }},
      {"names no process", [&] { job.start(-1); }},
      {"names no process", [&] { job.start(1); }},
      {"frame after FIN", [&] { fin(), fin(); }},
      {"frame after FIN", [&] { fin(), job.start(); }},
      {"frame after FIN", [&] { fin(), data(8, 0, 8); }},
      {"without data", [&] { data(8, 0, 0); }},
      {"without data", [&] { job.frame(FrameType::data, "8 bytes."); }},
      {"more than a result may have", [&] { data(kMaxResultBytes + 1, 0, 8); }},
      {"more than a result may have", [&] { data(~std::uint64_t{0}, 0, 8); }},
      {"beyond its announced total", [&] { data(8, 0, 9); }},
      {"changes its announced total", [&] { data(8, 0, 4), data(9, 4, 4); }},
      {"out of order", [&] { data(8, 4, 4); }},
      {"out of order", [&] { data(8, 0, 4), data(8, 0, 4); }},
      {"out of order", [&] { data(8, 0, 2), data(8, ~std::uint64_t{0}, 2); }},
      {"before the last DATA", [&] { data(8, 0, 4), fin(); }},
  };
  const std::size_t which = GENERATE_COPY(range(std::size_t{0}, lies.size()));
  lies[which].tell();
  const std::string complaint = job.complaint();
  INFO(complaint);
  CHECK(contains(complaint, lies[which].expected));
}

TEST_CASE("a position that cannot be is a protocol error") {
  LiesOfOneJob job;
  const auto at = [&](std::uint64_t wpos) {
    job.bare.from_worker->wpos.store(wpos);
    return job.complaint();
  };
  SECTION("more than a ring ahead") { CHECK(contains(at(kRingBytes + 8), "more than the ring ahead")); }
  SECTION("absurdly far ahead") { CHECK(contains(at(~std::uint64_t{0} - 7), "more than the ring ahead")); }
  SECTION("not aligned") { CHECK(contains(at(7), "not aligned")); }
  SECTION("less than a header ahead") { CHECK(contains(at(16), "cut off")); }
  SECTION("backwards") {
    job.start();
    REQUIRE(job.complaint() == "");
    CHECK(contains(at(8), "went backwards"));
  }
  SECTION("a frame that ends behind wpos") {
    job.frame(FrameType::fin, std::string(100, 'r'));
    CHECK(contains(at(48), "cut off"));
  }
}

TEST_CASE("a report of a job that was never claimed, or was revoked, is a protocol error") {
  Pair pair;
  const Sequence sequence = pair.offer(5);
  Forger forger(*pair.bare.from_worker);
  const FrameHeader header{.length = 1, .type = FrameType::fin, .reserved = 0, .sequence = sequence.value, .job_id = 5};
  SECTION("offered only") {
    forger.write(header, "r");
    CHECK(contains(pair.complaint(), "not claimed"));
  }
  SECTION("revoked") {
    REQUIRE(pair.broker.revoke(sequence));
    forger.write(header, "r");
    CHECK(contains(pair.complaint(), "revoked"));
  }
  SECTION("revoked, and the word forged back to claimed") {
    REQUIRE(pair.broker.revoke(sequence));
    pair.bare.control->word[0].store(pack(sequence.value, SlotState::claimed));
    forger.write(header, "r");
    CHECK(contains(pair.complaint(), "revoked"));
  }
  SECTION("released") {
    REQUIRE(pair.broker.revoke(sequence));
    pair.broker.release(sequence);
    forger.write(header, "r");
    CHECK(contains(pair.complaint(), "not in flight"));
  }
}

TEST_CASE("honest frames before a lie are still handed out") {
  LiesOfOneJob job;
  job.start();
  job.forger.publish(std::string(24, '\xff'));
  int frames = 0;
  CHECK(!job.broker.drain([&](const Frame&) { ++frames; }));
  CHECK(frames == 1);
}

}  // namespace jobpool::shm
