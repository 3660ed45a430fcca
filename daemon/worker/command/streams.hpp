// The three streams of one command: descriptors passed by the caller, files, or /dev/null. Worker process, its one thread.
// Output files are born here and, when nothing was written, end here, or serve the next command; their content never passes through us.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "common/job/spec.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/worker/attempt.hpp"
#include "daemon/worker/command/spare_files.hpp"

namespace jobpool::worker {

// In bytes.
struct OutputUse {
  std::uint64_t written;  // to the output files
  std::uint64_t free;     // what their disk has left
};

class Streams {
 public:
  // `passed`: the descriptors of the job, one for each passes_… of the spec, in the order stdin, stdout, stderr.
  // Output files are made in `output_dir`: <id>.<attempt>.out and .err, out of spare ones or new ones. `spares` must outlive this.
  // Errors: protocol: another number of descriptors; others: a file that cannot be opened, named.
  static Result<Streams> open(const CommandSpec& spec, const Attempt& attempt, int output_dir, SpareFiles& spares,
                              std::vector<UniqueFd> passed);

  Streams(Streams&&) = default;
  Streams& operator=(Streams&&) = delete;
  ~Streams();  // output files that are empty become spare ones

  const UniqueFd& operator[](std::size_t stream) const { return fds_[stream]; }

  // Once the child has its own copies: nobody must wait for the end of a stream because of ours.
  void close_passed();

  // One of the streams at least is a file of ours.
  bool keeps_output() const;
  OutputUse output_use() const;

 private:
  Streams(int output_dir, SpareFiles& spares) : output_dir_(output_dir), spares_(&spares) {}
  Result<void> open_input(const CommandSpec& spec);
  Result<void> open_output(std::size_t stream, const Attempt& attempt, const char* suffix);

  int output_dir_;
  SpareFiles* spares_;
  std::array<UniqueFd, 3> fds_;
  std::array<std::string, 3> file_names_;  // of the output files; empty: the stream is no file of ours
};

}  // namespace jobpool::worker
