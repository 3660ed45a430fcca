// As long as it lives, a process (this one, or another of the same user) may open no more files, but for a few.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace jobpool::testing {

class NoMoreFds {
 public:
  // At most `but` more: beyond the lowest number that is free, some may be taken.
  explicit NoMoreFds(rlim_t but = 0, pid_t pid = ::getpid()) : pid_(pid) {
    rlim_t lowest_free = 0;
    while (is_open(lowest_free)) ++lowest_free;
    if (::prlimit(pid_, RLIMIT_NOFILE, nullptr, &before_) != 0) throw std::runtime_error("the limit on open files cannot be read");
    const rlimit now{lowest_free + but, before_.rlim_max};
    if (::prlimit(pid_, RLIMIT_NOFILE, &now, nullptr) != 0) throw std::runtime_error("the limit on open files cannot be set");
  }
  ~NoMoreFds() { ::prlimit(pid_, RLIMIT_NOFILE, &before_, nullptr); }
  NoMoreFds(const NoMoreFds&) = delete;
  NoMoreFds& operator=(const NoMoreFds&) = delete;

 private:
  bool is_open(rlim_t fd) const {
    return std::filesystem::exists(std::filesystem::symlink_status("/proc/" + std::to_string(pid_) + "/fd/" + std::to_string(fd)));
  }

  const pid_t pid_;
  rlimit before_{};
};

}  // namespace jobpool::testing
