// Copies frames into the ring, commits them with wpos, rings the broker. Worker process.
#include "common/shm/ring_writer.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "common/eventfd.hpp"
#include "common/shm/doorbell.hpp"
#include "common/shm/ring_reader.hpp"

namespace jobpool::shm {

RingWriter::RingWriter(const WorkerMapping& mapping, UniqueFd doorbell, Writers writers)
    : mapping_(mapping),
      doorbell_(std::move(doorbell)),
      writers_(writers),
      position_(mapping.from_worker->wpos.load(std::memory_order_relaxed)),
      rpos_(mapping.to_worker->rpos.load(std::memory_order_acquire)) {}

void RingWriter::write(FrameHeader header, std::span<const std::byte> first, std::span<const std::byte> second, Doorbell doorbell) {
  if (writers_ == Writers::one) {
    write_alone(header, first, second);
  } else {
    const std::lock_guard turn(turn_);
    write_alone(header, first, second);
  }
  if (doorbell == Doorbell::ring) knock();
}

void RingWriter::write_alone(FrameHeader header, std::span<const std::byte> first, std::span<const std::byte> second) {
  const std::size_t length = first.size() + second.size();
  if (length > kMaxFrameBody) std::abort();
  header.length = static_cast<std::uint32_t>(length);
  wait_for_room(frame_room(length));
  copy_in(position_, std::as_bytes(std::span(&header, 1)));
  copy_in(position_ + sizeof header, first);
  copy_in(position_ + sizeof header + first.size(), second);
  position_ += frame_room(length);
  // The commit point: a release for what was copied, and the publish of the store/load pattern with broker_sleeping.
  mapping_.from_worker->wpos.exchange(position_, std::memory_order_seq_cst);
}

void RingWriter::wait_for_room(std::uint64_t room) {
  if (position_ + room - rpos_ <= kRingBytes || has_room(room)) return;
  // No knock: what fills the ring was announced frame by frame (a silent START is nothing beside it), so the broker is on its way.
  while (!has_room(room)) {
    sleep_on_bell(*mapping_.control, kForRoom, [&] { return has_room(room); });
  }
}

bool RingWriter::has_room(std::uint64_t room) {
  // seq_cst: also the "look again" before sleeping; its acquire pairs with the broker's release of what it has read.
  rpos_ = mapping_.to_worker->rpos.load(std::memory_order_seq_cst);
  if (position_ - rpos_ > kRingBytes) std::abort();  // broken invariant: rpos is ahead of wpos, or went backwards
  return position_ + room - rpos_ <= kRingBytes;
}

void RingWriter::copy_in(std::uint64_t to, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const std::size_t offset = to % kRingBytes;
  const std::size_t before_wrap = std::min(bytes.size(), kRingBytes - offset);
  std::byte* ring = mapping_.from_worker->ring;
  std::memcpy(ring + offset, bytes.data(), before_wrap);
  std::memcpy(ring, bytes.data() + before_wrap, bytes.size() - before_wrap);
}

void RingWriter::knock() {
  if (mapping_.to_worker->broker_sleeping.load(std::memory_order_seq_cst) == 0) return;
  // Fails only when the counter is at its end (then it is readable anyway) or the broker is gone (its successor looks by itself).
  ring_eventfd(doorbell_.get());
}

}  // namespace jobpool::shm
