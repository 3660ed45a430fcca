// Makes a worker incarnation's memfds and the worker's restricted set of them. Supervisor process; nothing is mapped here.
#include "common/shm/segment.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <optional>
#include <string>

#include "common/shm/layout.hpp"
#include "common/shm/mapping.hpp"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace jobpool::shm {
namespace {

Result<UniqueFd> create_memfd(const char* name, std::size_t size) {
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd fd(::memfd_create(name, flags | MFD_NOEXEC_SEAL));
  if (!fd && errno == EINVAL)
    fd.reset(::memfd_create(name, flags));  // kernels before 6.3 do not know NOEXEC_SEAL; hardened later ones insist
  if (!fd) return errno_error(std::string("memfd_create '") + name + "'");
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return errno_error(std::string("memfd '") + name + "': ftruncate");
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return errno_error(std::string("memfd '") + name + "': seal");
  }
  return fd;
}

Result<UniqueFd> duplicate(const UniqueFd& fd, const char* name) {
  UniqueFd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return errno_error(std::string("duplicate segment part '") + name + "'");
  return copy;
}

// A duplicate would keep its write permission; only opening anew drops it.
Result<UniqueFd> reopen_read_only(const UniqueFd& fd, const char* name) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd.get());
  UniqueFd reopened(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!reopened) return errno_error(std::string("reopen segment part '") + name + "' read-only through " + path);
  return reopened;
}

// Moves the value out, or keeps the first error.
void take(UniqueFd& place, Result<UniqueFd> made, std::optional<Error>& first_error) {
  if (made) {
    place = *std::move(made);
  } else if (!first_error) {
    first_error = made.error();
  }
}

}  // namespace

Result<SegmentFds> create_segment(std::uint32_t threads) {
  SegmentFds fds;
  std::optional<Error> error;
  take(fds.control, create_memfd("jobpool-control", sizeof(Control)), error);
  take(fds.to_worker, create_memfd("jobpool-to-worker", sizeof(ToWorker)), error);
  take(fds.from_worker, create_memfd("jobpool-from-worker", sizeof(FromWorker)), error);
  take(fds.payload, create_memfd("jobpool-payload", sizeof(PayloadArea)), error);
  if (error) return *error;
  // Here and not by the broker: the worker may look before any broker does.
  static_assert(offsetof(ToWorker, layout_version) == 0 && offsetof(ToWorker, threads) == sizeof kLayoutVersion);
  const std::uint32_t head[] = {kLayoutVersion, threads};
  if (::pwrite(fds.to_worker.get(), head, sizeof head, 0) != sizeof head)
    return errno_error("memfd 'jobpool-to-worker': write the layout version");
  fds.eventfd.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fds.eventfd) return errno_error("eventfd");
  return fds;
}

Result<SegmentFds> reopen_for_worker(const SegmentFds& fds) {
  SegmentFds worker;
  std::optional<Error> error;
  take(worker.control, duplicate(fds.control, "control"), error);
  take(worker.to_worker, reopen_read_only(fds.to_worker, "to_worker"), error);
  take(worker.from_worker, duplicate(fds.from_worker, "from_worker"), error);
  take(worker.payload, reopen_read_only(fds.payload, "payload"), error);
  take(worker.eventfd, duplicate(fds.eventfd, "eventfd"), error);
  if (error) return *error;
  return worker;
}

}  // namespace jobpool::shm
