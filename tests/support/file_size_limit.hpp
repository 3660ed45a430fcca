// While it lives, this process can make no file larger than so: a disk that is full.
#pragma once

#include <sys/resource.h>

#include <csignal>

#include "tests/support/catch.hpp"

namespace jobpool::testing {

class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit limit{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, old_signal_);
  }

 private:
  rlimit before_{};
  void (*old_signal_)(int);
};

}  // namespace jobpool::testing
