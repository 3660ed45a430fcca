// The segment in memory: each side's view of the four memfds, read-only where that side may only read.
// Broker and worker processes; private to common/shm and its tests.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "common/result.hpp"
#include "common/shm/layout.hpp"
#include "common/shm/segment.hpp"

namespace jobpool::shm {

struct PayloadArea {
  std::byte bytes[kPayloadBytes];
};

namespace detail {
enum class Access { read_only, read_write };
// Errors: io; protocol: the memfd has another size, or could be shrunk under us (which would be SIGBUS at the next access).
Result<void*> map_memory(const UniqueFd& fd, std::size_t size, Access access, const char* name);
void unmap_memory(void* address, std::size_t size);
}  // namespace detail

// One mapped structure. Region<const T> is mapped read-only.
template <class T>
class Region {
 public:
  static Result<Region> map(const UniqueFd& fd, const char* name) {
    constexpr auto access = std::is_const_v<T> ? detail::Access::read_only : detail::Access::read_write;
    Result<void*> address = detail::map_memory(fd, sizeof(T), access, name);
    if (!address) return address.error();
    return Region(static_cast<T*>(*address), true);
  }
  // Over memory mapped by somebody else, which must outlive it: tests put both sides over one mapping, since ThreadSanitizer knows
  // memory by its address.
  static Region borrow(T& memory) { return Region(&memory, false); }

  Region(Region&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)), owned_(other.owned_) {}
  Region& operator=(Region&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(owned_, other.owned_);
    return *this;
  }
  ~Region() {
    if (memory_ != nullptr && owned_) detail::unmap_memory(const_cast<std::remove_const_t<T>*>(memory_), sizeof(T));
  }

  T* operator->() const { return memory_; }
  T& operator*() const { return *memory_; }

 private:
  Region(T* memory, bool owned) : memory_(memory), owned_(owned) {}

  T* memory_;
  bool owned_;
};

struct BrokerMapping {
  Region<Control> control;
  Region<ToWorker> to_worker;
  Region<const FromWorker> from_worker;
  Region<PayloadArea> payload;

  // Errors: io, protocol.
  static Result<BrokerMapping> map(const SegmentFds& fds);
};

struct WorkerMapping {
  Region<Control> control;
  Region<const ToWorker> to_worker;
  Region<FromWorker> from_worker;
  Region<const PayloadArea> payload;

  // Errors: io, protocol.
  static Result<WorkerMapping> map(const SegmentFds& fds);
};

}  // namespace jobpool::shm
