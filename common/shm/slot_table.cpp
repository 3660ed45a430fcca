// The rules of a report: START at most once, DATA in order within its announced total, FIN last. Broker process.
#include "common/shm/slot_table.hpp"

#include <algorithm>
#include <cstring>

namespace jobpool::shm {
namespace {

const char* accept_start(Slot& slot, std::span<const std::byte> body) {
  if (body.size() != sizeof(StartBody)) return "START has the wrong length";
  StartBody start;
  std::memcpy(&start, body.data(), sizeof start);
  if (start.reserved != 0) return "START has reserved bits";
  if (start.pid <= 1) return "START names no process that could be its own";  // kill(0), kill(-1) and init are not for jobs
  if (slot.started) return "second START";
  if (slot.streaming) return "START after DATA";
  slot.started = true;
  return nullptr;
}

const char* accept_data(Slot& slot, std::span<const std::byte> body) {
  if (body.size() <= sizeof(DataHeader)) return "DATA without data";
  DataHeader data;
  std::memcpy(&data, body.data(), sizeof data);
  if (data.total_length > kMaxResultBytes) return "DATA announces more than a result may have";
  if (!slot.streaming) {
    slot.result_length = data.total_length;
    // A dead broker may have recorded and acknowledged the first part.
    slot.result_drained = slot.inherited ? data.offset : 0;
  }
  if (data.total_length != slot.result_length) return "DATA changes its announced total";
  if (data.offset != slot.result_drained) return "DATA is out of order";
  const std::uint64_t bytes = body.size() - sizeof data;
  if (data.offset > data.total_length || bytes > data.total_length - data.offset) return "DATA goes beyond its announced total";
  slot.streaming = true;
  slot.result_drained += bytes;
  return nullptr;
}

const char* accept_fin(Slot& slot, std::span<const std::byte> body) {
  if (body.empty()) return "FIN without a report";
  if (slot.streaming && slot.result_drained != slot.result_length) return "FIN before the last DATA";
  slot.finished = true;
  return nullptr;
}

}  // namespace

std::size_t SlotTable::find_free(std::uint64_t sequence) const {
  if (slots_[place_of(sequence)].use == Slot::Use::free) return place_of(sequence);
  const auto found = std::find_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.use == Slot::Use::free; });
  return static_cast<std::size_t>(found - slots_.begin());
}

std::size_t SlotTable::find(std::uint64_t sequence) const {
  const auto has_it = [&](const Slot& slot) { return slot.use != Slot::Use::free && slot.desc.sequence == sequence; };
  if (has_it(slots_[place_of(sequence)])) return place_of(sequence);
  const auto found = std::find_if(slots_.begin(), slots_.end(), has_it);
  return static_cast<std::size_t>(found - slots_.begin());
}

std::size_t SlotTable::used() const {
  return static_cast<std::size_t>(
      std::count_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.use != Slot::Use::free; }));
}

const char* SlotTable::accept(std::size_t index, std::uint64_t word, const FrameHeader& header, std::span<const std::byte> body) {
  Slot& slot = slots_[index];
  if (slot.use == Slot::Use::revoked) return "frame for an offer that was revoked";
  if (word != pack(header.sequence, SlotState::claimed)) return "frame for an offer that was not claimed";
  if (header.job_id != slot.desc.job_id) return "frame with another job's id";
  if (header.reserved != 0) return "frame header has reserved bits";
  if (slot.finished) return "frame after FIN";
  switch (header.type) {
    case FrameType::start:
      return accept_start(slot, body);
    case FrameType::data:
      return accept_data(slot, body);
    case FrameType::fin:
      return accept_fin(slot, body);
  }
  return "frame of an unknown type";
}

}  // namespace jobpool::shm
