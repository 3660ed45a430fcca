// Copies frames out of the ring and checks their measures. Broker process.
#include "common/shm/ring_reader.hpp"

#include <algorithm>
#include <cstring>

namespace jobpool::shm {

RingReader::RingReader(const FromWorker& from_worker, std::uint64_t position)
    : from_worker_(from_worker),
      body_(std::make_unique_for_overwrite<std::array<std::byte, kMaxFrameBody>>()),
      recorded_(position),
      position_(position),
      published_(position) {}

const char* RingReader::look() {
  // seq_cst, since it is also the "look again" before the broker sleeps; its acquire pairs with the worker's commit.
  const std::uint64_t wpos = from_worker_.wpos.load(std::memory_order_seq_cst);
  if (wpos == published_) return nullptr;
  if (wpos < published_) return "wpos went backwards";
  if (wpos - recorded_ > kRingBytes) return "wpos is more than the ring ahead of rpos";
  if (wpos % 8 != 0) return "wpos is not aligned";
  published_ = wpos;
  return nullptr;
}

const char* RingReader::next(FrameHeader& header, std::span<const std::byte>& body) {
  const std::uint64_t available = published_ - position_;
  if (available < sizeof(FrameHeader)) return "frame header is cut off by wpos";
  copy_out(position_, &header, sizeof header);
  if (header.length > kMaxFrameBody) return "frame is longer than a frame may be";
  if (frame_room(header.length) > available) return "frame body is cut off by wpos";
  copy_out(position_ + sizeof header, body_->data(), header.length);
  body = std::span<const std::byte>(body_->data(), header.length);
  position_ += frame_room(header.length);
  return nullptr;
}

void RingReader::copy_out(std::uint64_t from, void* to, std::size_t size) const {
  const std::size_t offset = from % kRingBytes;
  const std::size_t before_wrap = std::min(size, kRingBytes - offset);
  std::memcpy(to, from_worker_.ring + offset, before_wrap);
  std::memcpy(static_cast<std::byte*>(to) + before_wrap, from_worker_.ring, size - before_wrap);
  // The compiler may not read shared memory a second time after the copy was checked: a mad worker could have changed it.
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace jobpool::shm
