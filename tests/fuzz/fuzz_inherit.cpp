// Fuzzes what a new broker makes of a segment in which nothing can be relied on, the descriptors and rpos included (a worker can write
// them only by force; a newer program may have put something else there): it is refused, or all that is in flight can be read, drained
// and released.
//
//   input = rpos:u64 wpos-rpos:u32 sleeping:u8 slots:u8 (index:u8 word:u64 descriptor, as it lies in memory){slots} ring
//
// (The bug: all words and descriptors came first, one after the other, and with more of them than eight no input was so long as to reach
// the ring.)
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/job/packing.hpp"
#include "common/shm/offer_side.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/segment.hpp"

using jobpool::fuzz::require;
using namespace jobpool;
using namespace jobpool::shm;

namespace {

fuzz::Segment segment;

void fill(packing::Reader& input) {
  segment.wipe();
  const auto rpos = input.number<std::uint64_t>();
  segment.to_worker.rpos.store(rpos);
  segment.from_worker.wpos.store(rpos + input.number<std::uint32_t>());
  segment.control.sleeping.store(input.number<std::uint8_t>());
  for (auto slots = input.number<std::uint8_t>(); slots > 0; --slots) {
    const std::size_t index = input.number<std::uint8_t>() % kSlots;
    segment.control.word[index].store(input.number<std::uint64_t>());
    Descriptor& desc = segment.to_worker.desc[index];
    const std::string_view bytes = input.take(std::min(sizeof desc, input.left()));
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(&desc));
  }
  std::size_t at = rpos % kRingBytes;
  for (const char byte : input.take(input.left())) segment.from_worker.ring[at++ % kRingBytes] = static_cast<std::byte>(byte);
  segment.to_worker.layout_version = kLayoutVersion;
}

// The first and the last byte of each page: what is mapped at its edges is mapped.
std::size_t touch(std::string_view payload) {
  std::size_t sum = 0;
  for (std::size_t at = 0; at < payload.size(); at += 4096) sum += static_cast<unsigned char>(payload[at]);
  return payload.empty() ? 0 : sum + static_cast<unsigned char>(payload.back());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  packing::Reader input({reinterpret_cast<const char*>(data), size});
  fill(input);
  auto broker = OfferSide::over(segment.for_broker(), OfferSide::Origin::inherited);
  if (!broker) {
    require(broker.error().code == Errc::protocol, "another error than protocol");
    return 0;
  }
  std::size_t sum = 0;
  for (const InFlight& slot : broker->in_flight()) sum += touch(slot.payload);
  require(sum == 0, "a payload lies outside of its memory");  // nobody writes it here
  const auto drained = broker->drain([](const Frame&) {});
  require(drained || drained.error().code == Errc::protocol, "another error than protocol");
  broker->acknowledge();
  (void)broker->audit();
  for (const InFlight& slot : broker->in_flight()) {
    broker->revoke(slot.sequence);
    broker->release(slot.sequence);
  }
  const auto offered = broker->offer({.job = JobId{1}, .kind = JobKind::function});
  require(offered && broker->in_flight_count() == 1, "there is no room for an offer in an empty segment");
  return 0;
}
