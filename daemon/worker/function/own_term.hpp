// A process (org.jobpool.Process) that runs a function takes TERM as Python's do: it ends of it, unless the function catches it. Every
// other worker outlives TERM. Desk, around one function.
#pragma once

#include <signal.h>

#include <string_view>

namespace jobpool::worker {

class OwnTerm {
 public:
  // `pool`: the function's.
  explicit OwnTerm(std::string_view pool);
  ~OwnTerm();
  OwnTerm(const OwnTerm&) = delete;
  OwnTerm& operator=(const OwnTerm&) = delete;

 private:
  bool is_taken_;
  struct sigaction before_ {};
};

}  // namespace jobpool::worker
