// How files become jobs: many small ones in one, a large one in ranges. Pure.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/copy/hole_map.hpp"
#include "proto/copy_job.hpp"

namespace jobpool::cli {

// A job's own cost, some 50 us, is spread over so many files; so many bytes take some milliseconds, which a worker can be waited for.
inline constexpr std::size_t kFilesOfBatch = 64;
inline constexpr std::uint64_t kBytesOfBatch = 8 * 1024 * 1024;
// From here on several workers share a file, in parts of which each is worth a job.
inline constexpr std::int64_t kLargeBytes = 64 * 1024 * 1024;
inline constexpr std::int64_t kRangeBytes = 32 * 1024 * 1024;

// A regular file of the source.
struct FoundFile {
  std::string folder;  // beneath the roots
  bool fresh = false;  // the target had nothing by its name when the walk looked: what has it later is the copy of another name
  std::string name, target;
  struct stat status {};
};

struct FileBatch {
  proto::CopyFiles job;
  std::vector<std::uint64_t> sizes;  // in the job's order
};

class BatchPlan {
 public:
  explicit BatchPlan(proto::CopyRoots roots) : roots_(std::move(roots)) {}

  // The batch that this file fills.
  std::optional<FileBatch> add(const FoundFile& file);
  // What is left; nullopt: nothing.
  std::optional<FileBatch> rest();

 private:
  const proto::CopyRoots roots_;
  FileBatch batch_;
  std::uint64_t bytes_ = 0;
};

inline bool is_large(const struct stat& file) { return file.st_size >= kLargeBytes; }
// Without gaps, in order; at least one.
std::vector<copy::Span> ranges_of(off_t size);

}  // namespace jobpool::cli
