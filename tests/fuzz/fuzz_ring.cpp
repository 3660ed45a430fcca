// Fuzzes the broker's end of a worker's segment: the fuzzer is the worker, and writes what it likes to words, wpos and ring while the
// broker offers, revokes, drains, releases, audits and is replaced. Whatever the worker does: nothing crashes, each frame handed out is
// one that may be, and a lie is an error of the protocol.
//
//   input = (step:u8 what the step reads)*    see Play::step()
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/job/packing.hpp"
#include "common/shm/offer_side.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/segment.hpp"

using jobpool::fuzz::require;
using namespace jobpool;
using namespace jobpool::shm;

namespace {

fuzz::Segment segment;

// What the broker was told of one offer since it has the segment.
struct Told {
  JobId job;
  bool revoked = false, started = false, finished = false;
  std::uint64_t result_total = 0, result_bytes = 0;
};

class Play {
 public:
  explicit Play(std::string_view input) : input_(input), broker_(*OfferSide::over(segment.for_broker(), OfferSide::Origin::fresh)) {}

  // False: the input is at its end, or the worker was found out.
  bool step() {
    const auto number = input_.number<std::uint8_t>();
    if (!input_.ok()) return false;
    switch (number % 14) {
      case 0:
        return offer(input_.number<std::uint16_t>());
      case 1:
        return claim(pick());
      case 2:
        segment.control.word[pick()].store(input_.number<std::uint64_t>());
        return true;
      case 3:
        return write_frame(pick());
      case 4:
        return write(input_.take(std::min<std::size_t>(input_.number<std::uint8_t>(), input_.left())));
      case 5:
        segment.from_worker.wpos.store(input_.number<std::uint64_t>());
        return true;
      case 6:  // the worker says that it wrote more than it did
        segment.from_worker.wpos.fetch_add(input_.number<std::uint16_t>() * std::uint64_t{8});
        return true;
      case 7:
        segment.control.sleeping.store(input_.number<std::uint8_t>());
        return true;
      case 8:
        return drain();
      case 9:
        return drain() && settle();
      case 10:
        return revoke(pick());
      case 11:
        return drain() && settle() && audit();
      case 12:
        if (broker_.prepare_to_sleep()) broker_.wake_up();
        return true;
      default:
        return replace();
    }
  }

  // As after a worker's death: each slot is judged.
  void judge() {
    broker_.acknowledge();
    for (const InFlight& slot : broker_.in_flight()) {
      const SlotState before = broker_.state(slot.sequence);
      const bool unclaimed = broker_.revoke(slot.sequence);
      require(unclaimed == (before != SlotState::claimed), "a slot is judged otherwise than it stood");
      broker_.release(slot.sequence);
    }
    require(broker_.in_flight_count() == 0 && broker_.free_slots() == kSlots, "slots are lost");
  }

 private:
  std::size_t pick() { return input_.number<std::uint8_t>() % kSlots; }

  bool offer(std::uint16_t length) {
    static const std::string bytes(70'000, 'x');
    const Sequence next = broker_.next_sequence();
    const JobId job{next.value + 1000};
    const bool has_slot = broker_.free_slots() > 0;
    const auto sequence = broker_.offer({.job = job, .kind = JobKind::function, .payload = std::string_view(bytes).substr(0, length)});
    require(sequence.has_value() == has_slot, "an offer into a free slot fails, or the other way round");
    if (!sequence) return true;
    require(*sequence == next && !told_.contains(next.value), "a sequence that was not announced, or is used again");
    told_[sequence->value].job = job;
    return true;
  }

  bool claim(std::size_t index) {
    std::uint64_t word = segment.control.word[index].load();
    if (state_of(word) == SlotState::offered) segment.control.word[index].store(pack(sequence_of(word), SlotState::claimed));
    return true;
  }

  // A frame that is right but for what the input changes of it.
  bool write_frame(std::size_t index) {
    const Descriptor& desc = segment.to_worker.desc[index];
    const auto type = static_cast<FrameType>(input_.number<std::uint8_t>() % 5);
    const auto lies = input_.number<std::uint8_t>();
    std::string body(input_.take(std::min<std::size_t>(input_.number<std::uint8_t>(), input_.left())));
    if (type == FrameType::start && (lies & 1) == 0) body.assign(sizeof(StartBody), '\0')[8] = 7;  // a process id
    FrameHeader header{};
    header.length = static_cast<std::uint32_t>(body.size()) + ((lies & 2) != 0 ? input_.number<std::uint32_t>() : 0);
    header.type = type;
    header.reserved = (lies & 4) != 0 ? input_.number<std::uint16_t>() : 0;
    header.sequence = desc.sequence + ((lies & 8) != 0 ? input_.number<std::uint8_t>() : 0);
    header.job_id = desc.job_id + ((lies & 16) != 0 ? input_.number<std::uint8_t>() : 0);
    return write(std::string(reinterpret_cast<const char*>(&header), sizeof header) + body);
  }

  // Into the ring at wpos, padded.
  bool write(std::string_view bytes) {
    const std::uint64_t wpos = segment.from_worker.wpos.load();
    for (std::size_t i = 0; i < bytes.size(); ++i) segment.from_worker.ring[(wpos + i) % kRingBytes] = static_cast<std::byte>(bytes[i]);
    segment.from_worker.wpos.store(wpos + (bytes.size() + 7) / 8 * 8);
    return true;
  }

  bool drain() {
    const auto drained = broker_.drain([this](const Frame& frame) { take(frame); });
    return is_honest(drained ? std::optional<Error>() : drained.error());
  }

  void take(const Frame& frame) {
    const auto found = told_.find(frame.sequence.value);
    require(found != told_.end(), "a frame for what is not in flight");
    Told& told = found->second;
    require(frame.job == told.job, "a frame with another job's id");
    require(!told.revoked && !told.finished, "a frame for a job that never started, or has ended");
    require(frame.body.size() <= kMaxFrameBody, "a frame longer than a frame may be");
    std::string copy(reinterpret_cast<const char*>(frame.body.data()), frame.body.size());  // every byte of it can be read
    switch (frame.type) {
      case FrameType::start:
        require(!told.started && copy.size() == sizeof(StartBody), "a second START, or an odd one");
        told.started = true;
        return;
      case FrameType::data:
        return take_data(told, copy);
      case FrameType::fin:
        require(!copy.empty() && (told.result_total == 0 || told.result_bytes == told.result_total), "FIN without its result");
        told.finished = true;
        return;
    }
    require(false, "a frame of an unknown type");
  }

  void take_data(Told& told, std::string_view body) {
    DataHeader data;
    require(body.size() > sizeof data, "DATA without data");
    std::memcpy(&data, body.data(), sizeof data);
    body.remove_prefix(sizeof data);
    require(data.total_length <= kMaxResultBytes && data.offset <= data.total_length && body.size() <= data.total_length - data.offset,
            "DATA beyond its total");
    const bool first = told.result_total == 0;
    require(first || (data.total_length == told.result_total && data.offset == told.result_bytes), "DATA out of order");
    require(!first || data.offset == 0 || was_replaced_, "DATA begins in the middle");
    told.result_total = data.total_length;
    told.result_bytes = data.offset + body.size();
  }

  bool settle() {
    broker_.acknowledge();
    require(segment.to_worker.rpos.load() <= segment.from_worker.wpos.load(), "more is acknowledged than was written");
    for (const InFlight& slot : broker_.in_flight()) {
      const auto found = told_.find(slot.sequence.value);
      require(found != told_.end() && found->second.job == slot.job, "a slot that was never offered");
      if (!found->second.finished) continue;
      broker_.release(slot.sequence);
      told_.erase(found);
    }
    return true;
  }

  bool revoke(std::size_t index) {
    const auto slots = broker_.in_flight();
    if (index >= slots.size()) return true;
    const Sequence sequence = slots[index].sequence;
    Told& told = told_[sequence.value];
    if (!broker_.revoke(sequence)) return true;
    require(!told.started && !told.finished && told.result_bytes == 0, "a job that reported is taken for one that never started");
    told.revoked = true;
    if (index % 2 != 0) return true;  // as a broker that dies before it frees the slot
    broker_.release(sequence);
    told_.erase(sequence.value);
    return true;
  }

  bool audit() {
    const auto rescued = broker_.audit();
    require(!rescued || *rescued == 0, "nobody sleeps here, yet somebody was rescued");
    return is_honest(rescued ? std::optional<Error>() : rescued.error());
  }

  bool replace() {
    auto next = OfferSide::over(segment.for_broker(), OfferSide::Origin::inherited);
    if (!next) return is_honest(next.error());
    broker_ = *std::move(next);
    was_replaced_ = true;
    std::map<std::uint64_t, Told> kept;
    for (const InFlight& slot : broker_.in_flight()) {
      const auto found = told_.find(slot.sequence.value);
      require(slot.sequence < broker_.next_sequence(), "a sequence in flight would be used again");
      // A worker may write an old word again: then a slot that was freed stands there once more.
      Told& told = kept[slot.sequence.value];
      told.job = found != told_.end() ? found->second.job : slot.job;
      require(told.job == slot.job, "a slot with another job");
      told.revoked = slot.state == SlotState::revoked;
    }
    told_ = std::move(kept);
    return true;
  }

  static bool is_honest(const std::optional<Error>& lie) {
    require(!lie || (lie->code == Errc::protocol && !lie->text.empty()), "a lie is no error of the protocol");
    return !lie;
  }

  packing::Reader input_;
  OfferSide broker_;
  std::map<std::uint64_t, Told> told_;  // by sequence
  bool was_replaced_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  segment.wipe();
  Play play({reinterpret_cast<const char*>(data), size});
  while (play.step()) {
  }
  play.judge();
  return 0;
}
