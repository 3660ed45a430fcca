// A daemon whose programs' calls to the kernel fail when the test says so: failing_calls.c is preloaded into each of them.
#pragma once

#include <memory>
#include <string>

#include "tests/fault/failing_calls.h"
#include "tests/support/daemon.hpp"
#include "tests/support/temp_dir.hpp"

namespace jobpool::fault {

inline const char* name_of(failing_program program) {
  return program == IN_SUPERVISOR ? "supervisor" : program == IN_BROKER ? "broker" : "worker";
}

inline const char* name_of(failing_fault fault) {
  return fault == NO_DESCRIPTOR ? "EMFILE" : fault == NO_MEMORY ? "ENOMEM" : fault == INTERRUPTED ? "EINTR" : "short count";
}

// What the kernel may do on any day, and nobody may notice; the others cost what they must.
inline bool is_harmless(failing_fault fault) { return fault == INTERRUPTED || fault == SHORT_COUNT; }

// The page, and a folder of programs that know it.
class FailingPrograms {
 public:
  FailingPrograms();
  ~FailingPrograms();
  FailingPrograms(const FailingPrograms&) = delete;
  FailingPrograms& operator=(const FailingPrograms&) = delete;

  testing::DaemonOptions options() const;

  // The `nth` call of that kind fails, from now on in that program; once.
  void arm(failing_program program, failing_fault fault, std::int64_t nth);
  // No more failures. Returns how many such calls there were since arm().
  std::int64_t disarm();
  // The call that failed last.
  const char* last() const { return page_->last; }

 private:
  testing::TempDir folder_;
  failing_calls* page_;
};

}  // namespace jobpool::fault
