// Tells whether this is still the process that made it, for nothing: a page that the kernel hands to a forked child empty.
// Any thread.
#pragma once

#include <sys/types.h>

namespace jobpool {

class ForkMark {
 public:
  ForkMark();
  ~ForkMark();
  ForkMark(const ForkMark&) = delete;
  ForkMark& operator=(const ForkMark&) = delete;

  bool is_of_this_process() const;

 private:
  volatile char* page_ = nullptr;  // nullptr: the kernel has no such pages (before 4.14), and is asked for the process's id instead
  const pid_t pid_;
};

}  // namespace jobpool
