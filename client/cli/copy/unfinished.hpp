// The mark of a copy that is not finished, in its target's root: it is what lets the same command go on with it, and its lock keeps a
// second one away. And the temporary files that killed copies leave.
#pragma once

#include <string>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::cli {

bool is_unfinished(int folder);

class Unfinished {
 public:
  // Requires: `target` stays open as long as this. `source`: the absolute path of what is copied.
  // Errors: full: another copy is at work there; already_exists: what was begun there is the copy of something else; io.
  static Result<Unfinished> claim(int target, const std::string& source);

  // All is copied. The mark stays where this is not called.
  void remove();

 private:
  Unfinished(int target, UniqueFd mark) : target_(target), mark_(std::move(mark)) {}

  int target_;
  UniqueFd mark_;  // locked
};

// Removes what copies that are dead, as far as that can be told, left under temporary names from `target`, but none that has its name from
// `source` (-1: there is none).
void clear_leftovers(int target, int source);

// Locks a temporary file for as long as it is open.
void mark_in_use(int file);

}  // namespace jobpool::cli
