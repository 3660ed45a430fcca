// What a command of a map wrote, from its end to its turn. The daemon keeps the output of few jobs that were applied, and the first item
// may take longer than thousands behind it: so what did not fit into the reply is asked for at once, as the daemon's own descriptor, which
// is good whatever the daemon forgets; and what would be too much in memory, or too many descriptors, goes to the spool.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>

#include "client/cli/job_output.hpp"
#include "client/cli/output_spool.hpp"
#include "client/lib/connections.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {

// One stream of one job: in one of three places.
struct HeldOutput {
  std::string bytes;
  UniqueFd file;
  std::optional<OutputSpool::Range> spooled;
  std::size_t size = 0;      // what the log tells: as it came in the reply
  std::optional<Error> cut;  // why it is no more than what came in the reply, though there was more
};

class OutputHolder {
 public:
  static constexpr std::size_t kMostInMemory = 16 * 1024 * 1024;  // bytes, beside one output each thread
  static constexpr int kMostFiles = 64;                           // of the thousand descriptors that a process usually may have

  // `connections` must outlive this.
  explicit OutputHolder(client::Connections& connections) : connections_(connections) {}

  // By any thread, as soon as the job has ended. Takes `output` away. What is in hand is kept: of an output that the daemon no longer has,
  // the beginning; in memory what the spool does not take.
  HeldOutput hold(JobId id, proto::Output& output, OutputStream stream);
  // When its turn has come. Errors: io.
  Result<void> write(HeldOutput& held, int to);
  Result<std::string> read(HeldOutput& held);

 private:
  void keep_bytes(HeldOutput& held, std::string bytes);
  void keep_file(HeldOutput& held, UniqueFd file);
  void release(HeldOutput& held);

  client::Connections& connections_;
  OutputSpool spool_;
  std::atomic<std::size_t> bytes_{0};
  std::atomic<int> files_{0};
};

}  // namespace jobpool::cli
