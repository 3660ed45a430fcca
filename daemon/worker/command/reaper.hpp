// Collects the exits of one command and of everything it leaves behind; the worker is a child subreaper, so orphans of the tree become
// its children. Worker process, its one thread, only while a command runs: at other times children may be a plugin's.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace jobpool::worker {

struct Usage {
  std::int64_t user_usec = 0;
  std::int64_t system_usec = 0;
  std::int64_t max_rss_bytes = 0;
};

class Reaper {
 public:
  // Requires: SIGCHLD is blocked as long as this lives.
  explicit Reaper(pid_t command) : command_(command) {}

  enum class Left { none, some };
  // Reaps whoever has exited, without blocking; says whether any child is left.
  Left reap();

  // Blocks until a child exits or `patience` is over. May return early.
  void wait_for_exit(std::chrono::milliseconds patience) const;

  // As of waitpid, once the command itself has been reaped.
  std::optional<int> command_status() const { return status_; }
  pid_t command() const { return command_; }
  // Of the command, its waited-for descendants and the reaped orphans.
  const Usage& usage() const { return usage_; }

 private:
  pid_t command_;
  std::optional<int> status_;
  Usage usage_;
};

}  // namespace jobpool::worker
