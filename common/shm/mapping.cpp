// Maps and unmaps the memfds of a segment. Broker and worker processes.
#include "common/shm/mapping.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <string>

namespace jobpool::shm {

namespace detail {

Result<void*> map_memory(const UniqueFd& fd, std::size_t size, Access access, const char* name) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error(std::string("segment part '") + name + "': fstat");
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);
  if (static_cast<std::size_t>(status.st_size) != size || seals < 0 || (seals & F_SEAL_SHRINK) == 0) {
    return Error{Errc::protocol, std::string("segment part '") + name + "' is not a sealed memfd of " + std::to_string(size) +
                                     " bytes; supervisor and this program must be of one version"};
  }
  const int protection = access == Access::read_only ? PROT_READ : PROT_READ | PROT_WRITE;
  void* address = ::mmap(nullptr, size, protection, MAP_SHARED, fd.get(), 0);
  if (address == MAP_FAILED) return errno_error(std::string("segment part '") + name + "': mmap");
  return address;
}

void unmap_memory(void* address, std::size_t size) { ::munmap(address, size); }

// Both views differ only in what is const.
template <class View, class Control, class ToWorker, class FromWorker, class Payload>
Result<View> map_view(const SegmentFds& fds) {
  auto control = Region<Control>::map(fds.control, "control");
  if (!control) return control.error();
  auto to_worker = Region<ToWorker>::map(fds.to_worker, "to_worker");
  if (!to_worker) return to_worker.error();
  auto from_worker = Region<FromWorker>::map(fds.from_worker, "from_worker");
  if (!from_worker) return from_worker.error();
  auto payload = Region<Payload>::map(fds.payload, "payload");
  if (!payload) return payload.error();
  return View{*std::move(control), *std::move(to_worker), *std::move(from_worker), *std::move(payload)};
}

}  // namespace detail

Result<BrokerMapping> BrokerMapping::map(const SegmentFds& fds) {
  return detail::map_view<BrokerMapping, Control, ToWorker, const FromWorker, PayloadArea>(fds);
}

Result<WorkerMapping> WorkerMapping::map(const SegmentFds& fds) {
  return detail::map_view<WorkerMapping, Control, const ToWorker, FromWorker, const PayloadArea>(fds);
}

}  // namespace jobpool::shm
