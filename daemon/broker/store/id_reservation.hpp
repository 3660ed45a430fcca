// Job ids are never reused, not even by a daemon that is started again: they are reserved in blocks, durably, before any is given out.
// The file holds one decimal number: the first id that is not reserved. Broker process, its one thread.
// The rest of the last block is given back at a clean stop; after a crash it is skipped.
#pragma once

#include <cstdint>
#include <string>

#include "common/ids.hpp"
#include "common/result.hpp"

namespace jobpool::broker {

class IdReservation {
 public:
  // Reads <state_dir>/ids; no file: the first daemon of this state directory. Errors: io; protocol: not a number (refuse to start).
  static Result<IdReservation> open(const std::string& state_dir);

  JobId first_unreserved() const { return JobId{reserved_}; }

  // Reserves more when `next` is near the end of what is reserved; one fdatasync when it does. Errors: io.
  Result<void> ensure(JobId next);

  // At a clean stop: nothing from `next` on was given out. Errors: io.
  Result<void> give_back(JobId next);

 private:
  explicit IdReservation(std::string path) : path_(std::move(path)) {}
  Result<void> write(std::uint64_t reserved);

  std::string path_;
  std::uint64_t reserved_ = 1;
  std::uint64_t block_ = 0;
};

}  // namespace jobpool::broker
