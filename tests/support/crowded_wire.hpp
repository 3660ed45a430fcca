// As many descriptors on their way as the kernel lets there be of one user: as long as it lives, or until take(), the thread that made it
// can send no more (ETOOMANYREFS). Root always could; so that thread goes without the capabilities that say so. One at a time of all the
// processes of the tests, since take() takes only its own.
#pragma once

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "common/unique_fd.hpp"

namespace jobpool::testing {

class CrowdedWire {
 public:
  CrowdedWire() {
    ::flock(turn_.get(), LOCK_EX);
    ::getrlimit(RLIMIT_NOFILE, &before_);
    ::syscall(SYS_capget, &whose_, capabilities_.data());
    Capabilities fewer = capabilities_;
    fewer[0].effective &= ~((std::uint32_t{1} << CAP_SYS_RESOURCE) | (std::uint32_t{1} << CAP_SYS_ADMIN));
    int ends[2];
    const bool is_set = ::syscall(SYS_capset, &whose_, fewer.data()) == 0 && limit_files(kOnTheirWay) &&
                        ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0;
    if (is_set) {
      sending_ = UniqueFd(ends[0]);
      receiving_ = UniqueFd(ends[1]);
      while (send_sixteen()) continue;
    }
    // Of those that are on their way some are other tests', which arrive in a moment: without them, too, there are more than may be.
    if (is_set && errno == ETOOMANYREFS && limit_files(kOpenFiles)) return;
    const std::string why = std::strerror(errno);
    restore();
    throw std::runtime_error("descriptors on their way: " + why);
  }
  ~CrowdedWire() { restore(); }
  CrowdedWire(const CrowdedWire&) = delete;
  CrowdedWire& operator=(const CrowdedWire&) = delete;

  // Then they are on their way no more. In any thread.
  void take() { receiving_.reset(); }

 private:
  using Capabilities = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;
  static constexpr rlim_t kOpenFiles = 512;   // more than a test has open
  static constexpr rlim_t kOnTheirWay = 768;  // few enough for one socket

  bool limit_files(rlim_t count) const {
    const rlimit now{std::min(before_.rlim_cur, count), before_.rlim_max};
    return ::setrlimit(RLIMIT_NOFILE, &now) == 0;
  }

  bool send_sixteen() const {
    std::array<int, 16> fds;
    fds.fill(null_.get());
    char byte = 'x';
    iovec piece{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fds)> control{};
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof fds);
    std::memcpy(CMSG_DATA(part), fds.data(), sizeof fds);
    return ::sendmsg(sending_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
  }

  void restore() {
    take();
    ::setrlimit(RLIMIT_NOFILE, &before_);
    ::syscall(SYS_capset, &whose_, capabilities_.data());
  }

  __user_cap_header_struct whose_{_LINUX_CAPABILITY_VERSION_3, 0};  // the calling thread's
  Capabilities capabilities_{};
  rlimit before_{};
  const UniqueFd turn_{::open(std::filesystem::temp_directory_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  const UniqueFd null_{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  UniqueFd sending_, receiving_;
};

}  // namespace jobpool::testing
