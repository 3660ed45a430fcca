// What outlives the broker of the queues that are not durable: a file of their records, written as they happen and never synced. What a
// broker has written is the kernel's, however the broker dies; what the host's death leaves of it does not matter, since these queues end
// with the daemon: a log of another instance is thrown away.
//
//   log     := magic:u32 version:u32 instance:u64 record*
//   record  := size:u32 kind:u8 fields                      size: of what follows it. The fields: queue_log_format.cpp
//
// No checksums: a broker that dies in the middle of write(2) leaves a record cut short, which is seen by its size and cut off (nobody was
// told of it), and nobody else writes here. Host's byte order: the file never leaves its host.
// Broker process, its loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/broker/queues/stored_queues.hpp"

namespace jobpool::broker {

class QueueLog {
 public:
  // Opens <state_dir>/queues.log, or begins a new one. Errors: io; full (not even a file can be made).
  static Result<QueueLog> open(const std::string& state_dir, std::uint64_t instance);

  // What an earlier broker of this instance left; to be asked once. When the log cannot be understood it is moved to queues.log.damaged,
  // begun anew, and `damage` tells.
  struct Found {
    std::vector<StoredQueue> queues;
    std::string damage;  // empty: none
  };
  Result<Found> read();

  // Errors: full, io: the record is not in the log, nor will it be.
  Result<void> append(const QueueWrite& write);
  // The same for what has happened in any case: what cannot be written waits, in memory, for the next append. Until then a broker's death
  // would undo it. Errors: as above, and only told. When too much waits, all of it is dropped, and append() fails until rewrite() has put
  // things right.
  Result<void> append_later(const QueueWrite& write);

  // It has doubled since it was last written anew: about half of it is of no use any more. Or it is behind what has happened.
  bool is_worth_rewriting() const { return is_behind_ || size_ >= rewrite_at_; }
  // These are all there are: another file, and then in this one's place. Errors: as append(); the old one stays.
  Result<void> rewrite(const std::vector<StoredQueue>& queues);

  std::uint64_t size() const { return size_; }

 private:
  static constexpr std::uint64_t kSmall = std::uint64_t{4} << 20;     // rewriting less is not worth a file
  static constexpr std::size_t kMostWaiting = std::size_t{16} << 20;  // of records that could not be written

  QueueLog(UniqueFd directory, UniqueFd file, std::uint64_t instance)
      : directory_(std::move(directory)), file_(std::move(file)), instance_(instance) {}
  Result<void> begin_anew();
  Result<void> write_at_end(std::string_view bytes);
  Result<void> cut_off_rest();

  UniqueFd directory_;
  UniqueFd file_;
  std::uint64_t instance_;
  std::uint64_t size_ = 0;  // of whole records
  std::uint64_t rewrite_at_ = kSmall;
  bool is_torn_ = false;    // there is more in the file
  bool is_behind_ = false;  // records are missing
  std::string waiting_;     // encoded records that could not be written
  std::string buffer_;      // of the next record
};

}  // namespace jobpool::broker
