// Reads the ring of result frames as if its writer were mad: every byte is copied once into private memory, and the copy is checked.
// Broker process. Knows positions and lengths; what a frame may say is the slot table's business.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "common/shm/layout.hpp"

namespace jobpool::shm {

// A frame's room in the ring: header and body, padded.
constexpr std::uint64_t frame_room(std::uint64_t body_length) { return (sizeof(FrameHeader) + body_length + 7) / 8 * 8; }
inline constexpr std::uint64_t kMaxFrameRoom = frame_room(kMaxFrameBody);

class RingReader {
 public:
  // `from_worker` must outlive the reader. `position` is rpos: everything before it was recorded.
  RingReader(const FromWorker& from_worker, std::uint64_t position);

  // Looks how far the worker has published. Returns nullptr, or what is wrong.
  const char* look();

  bool has_frame() const { return position_ != published_; }

  // Copies the next frame and steps over it; `body` is valid until the next call. Requires: has_frame(). Returns nullptr, or what is wrong.
  const char* next(FrameHeader& header, std::span<const std::byte>& body);

  // Behind the last frame handed out.
  std::uint64_t position() const { return position_; }

  // Behind the last frame that was recorded: rpos.
  std::uint64_t recorded() const { return recorded_; }

  // Whether a worker may be waiting for room: the largest frame does not fit between wpos and what rpos allows.
  bool may_lack_room() const { return published_ - recorded_ + kMaxFrameRoom > kRingBytes; }

  // rpos was moved to the position: the worker may now write over what lies before it.
  void set_recorded() { recorded_ = position_; }

 private:
  void copy_out(std::uint64_t from, void* to, std::size_t size) const;

  const FromWorker& from_worker_;
  std::unique_ptr<std::array<std::byte, kMaxFrameBody>> body_;
  std::uint64_t recorded_;   // rpos
  std::uint64_t position_;   // recorded_ ≤ position_ ≤ published_ ≤ recorded_ + kRingBytes
  std::uint64_t published_;  // wpos as last looked at and checked
};

}  // namespace jobpool::shm
