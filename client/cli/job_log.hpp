// --joblog: a line for each item that has ended, in GNU parallel's columns, and what --resume learns from one.
//
//   Seq  Host  Starttime  JobRuntime  Send  Receive  Exitval  Signal  Command        separated by tabs, under a line of these names
//
// Seq is the item's number, Host always ":", Starttime in seconds since 1970. JobRuntime is the time from its submission to its end; of an
// item of a chunk, its share. Receive: bytes of its result or stdout. Command: its words as quoted_line() writes them; logs of earlier
// versions, without the quotes, are known by that, and read as they read them. A line is written when the item's output was, in one write:
// after a kill -9 whatever is missing in the log runs again.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "client/cli/map_end.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::cli {

class JobLog {
 public:
  enum class Resume { nothing, all, succeeded };  // which of the items in it need not run again

  // Made anew, unless it is resumed: then a line that was torn by a kill is cut off. Errors: of the file; protocol: it is no job log.
  static Result<JobLog> open(const std::string& path, Resume resume);

  // It is in the log, and need not run. `command`: the words that would run. Errors: invalid_argument: the log has another command under
  // its number.
  Result<bool> has(std::size_t number, std::span<const std::string> command) const;
  // Of a few ends, in one write. Errors: io.
  void add(const MapEnd& end, std::span<const std::string> command);
  Result<void> write();

 private:
  JobLog(UniqueFd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Result<void> read(Resume resume);
  Result<void> read_lines(std::string_view rest, Resume resume);
  Error no_job_log(std::string_view line) const;

  UniqueFd file_;
  std::string path_;
  std::unordered_map<std::size_t, std::string> known_;  // commands by number
  std::string lines_;                                   // not written yet
};

}  // namespace jobpool::cli
