// Writes result frames into the ring and waits for room where there is none. Worker process, any of its threads: a lock inside the
// process puts their frames one behind the other. It dies with the process, so that no kill leaves it held.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>

#include "common/shm/layout.hpp"
#include "common/shm/mapping.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::shm {

class RingWriter {
 public:
  enum class Doorbell { silent, ring };

  enum class Writers { one, several };

  // `mapping` must outlive the writer; `doorbell` is the broker's eventfd.
  RingWriter(const WorkerMapping& mapping, UniqueFd doorbell, Writers writers);

  // Writes one frame whose body is `first` followed by `second`, and commits it: after return it survives this process.
  // header.length is filled in. Sleeps while the ring is full. Requires: the body ≤ kMaxFrameBody.
  void write(FrameHeader header, std::span<const std::byte> first, std::span<const std::byte> second, Doorbell doorbell);

 private:
  void write_alone(FrameHeader header, std::span<const std::byte> first, std::span<const std::byte> second);
  void wait_for_room(std::uint64_t room);
  bool has_room(std::uint64_t room);
  void copy_in(std::uint64_t to, std::span<const std::byte> bytes);
  void knock();

  const WorkerMapping& mapping_;
  UniqueFd doorbell_;
  const Writers writers_;
  std::mutex turn_;         // of several; guards what follows, and the ring
  std::uint64_t position_;  // wpos
  std::uint64_t rpos_;      // as last seen: reading it again for each frame would fetch the broker's cache line each time
};

}  // namespace jobpool::shm
