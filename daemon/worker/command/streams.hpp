// The three streams of one command: descriptors passed by the caller, files, or /dev/null. Worker process, its one thread.
// Output files are born here and, when nothing was written, end here; their content never passes through us.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "common/job/spec.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/worker/attempt.hpp"

namespace jobpool::worker {

class Streams {
 public:
  // `passed`: the descriptors of the job, one for each passes_… of the spec, in the order stdin, stdout, stderr.
  // Output files are made in `output_dir`, new ones: <id>.<attempt>.out and .err.
  // Errors: protocol: another number of descriptors; others: a file that cannot be opened, named.
  static Result<Streams> open(const CommandSpec& spec, const Attempt& attempt, int output_dir, std::vector<UniqueFd> passed);

  Streams(Streams&&) = default;
  Streams& operator=(Streams&&) = delete;
  ~Streams();  // removes the output files that are empty

  const UniqueFd& operator[](std::size_t stream) const { return fds_[stream]; }

  // Once the child has its own copies: nobody must wait for the end of a stream because of ours.
  void close_passed();

 private:
  explicit Streams(int output_dir) : output_dir_(output_dir) {}
  Result<void> open_input(const CommandSpec& spec);
  Result<void> open_output(std::size_t stream, const Attempt& attempt, const char* suffix);

  int output_dir_;
  std::array<UniqueFd, 3> fds_;
  std::array<std::string, 3> file_names_;  // of the output files; empty: the stream is no file of ours
};

}  // namespace jobpool::worker
