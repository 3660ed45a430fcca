// The state directory: 0700, held by one daemon at a time.
//
//   lock      held by flock for the life of the daemon; its text is the holder's pid
//   instance  the record of the running or, after a kill, of the last instance; absent after a clean stop
//   instance.new  room for the next one's
//   output/   where workers write jobs' output
//
// jobpoold, at start and at stop.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/supervisor/instance.hpp"

namespace jobpool::supervisor {

class StateDir {
 public:
  // Errors: already_exists: another daemon has it (the text names its pid); io; permission_denied.
  // A holder that is dead, or dies, is waited for: who has just been killed has the lock for a moment, and so has a child of its own that
  // was being started, until it executes its program.
  static Result<StateDir> lock(const std::string& path, std::chrono::milliseconds patience = std::chrono::seconds{2});

  // At a reload: it is locked, by these. Requires: they are open.
  static StateDir take_over(std::string path, UniqueFd directory, UniqueFd lock);

  // The instance that did not end cleanly, if there is one. An unreadable record is an error: what it left could not be found.
  Result<std::optional<Instance>> earlier_instance() const;

  // Replaces the record as a whole. Errors: io.
  Result<void> write_instance(const Instance& instance) const;

  // Says that nothing was left behind.
  void remove_instance() const;

  // Makes output/ if it is missing. What is in it stays: a durable job outlives its instance, and only the broker knows whose a file is.
  // Errors: io.
  Result<UniqueFd> open_output() const;

  int directory() const { return directory_.get(); }
  int lock_file() const { return lock_.get(); }

 private:
  StateDir(std::string path, UniqueFd directory, UniqueFd lock);

  std::string path_;
  UniqueFd directory_;
  UniqueFd lock_;
};

}  // namespace jobpool::supervisor
