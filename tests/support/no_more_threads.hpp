// As long as it lives, this process is refused any more threads, as by a limit of processes (which does not bind root): they are to have
// stacks for which no address space has room.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <stdexcept>

namespace jobpool::testing {

class NoMoreThreads {
 public:
  NoMoreThreads() {
    ::pthread_attr_init(&before_);
    ::pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    ::pthread_attr_init(&huge);
    constexpr std::size_t kNoSuchStack = std::size_t{1} << 60;
    const bool is_set = ::pthread_attr_setstacksize(&huge, kNoSuchStack) == 0 && ::pthread_setattr_default_np(&huge) == 0;
    ::pthread_attr_destroy(&huge);
    if (!is_set) throw std::runtime_error("no such stacks can be asked for");
  }
  ~NoMoreThreads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;

 private:
  pthread_attr_t before_;
};

}  // namespace jobpool::testing
