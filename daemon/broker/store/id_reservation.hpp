// Job ids are never reused, not even by a daemon that is started again: they are reserved in blocks, durably, before any is given out.
// The file holds one number (see id_slots.hpp): the first id that is not reserved. Broker process, its loop's thread.
// The rest of the last block is given back at a clean stop; after a crash it is skipped.
#pragma once

#include <cstdint>
#include <string>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/broker/store/disk.hpp"
#include "daemon/broker/store/id_slots.hpp"

namespace jobpool::broker {

class IdReservation {
 public:
  // Reads <state_dir>/ids; no file: the first daemon of this state directory. Requires: `disk` outlives this.
  // Errors: io, full; protocol: damaged (refuse to start).
  static Result<IdReservation> open(const std::string& state_dir, Disk& disk = system_disk());

  JobId first_unreserved() const { return JobId{newest_.number}; }

  // Reserves more when `next` is near the end of what is reserved; one sync when it does, and no room. Errors: io.
  Result<void> ensure(JobId next);

  // At a clean stop: nothing from `next` on was given out. Errors: io.
  Result<void> give_back(JobId next);

 private:
  IdReservation(UniqueFd directory, Disk& disk, std::string path)
      : directory_(std::move(directory)), disk_(&disk), path_(std::move(path)) {}
  Result<void> begin_with(std::uint64_t number);
  Result<void> read(std::string_view bytes);
  Result<void> write(std::uint64_t number);
  Error named(const Error& error) const { return Error{error.code, path_ + ": " + error.text}; }

  UniqueFd directory_;
  Disk* disk_;
  std::string path_;
  UniqueFd file_;
  IdSlot newest_;
  std::uint64_t block_ = 0;
};

}  // namespace jobpool::broker
