// Children that a plugin's function left running, or that the worker inherited from these as the subreaper it is, and that have ended
// since. Nobody else reaps them: they would be zombies for the worker's life, and be counted to the next command. Worker process, where one
// thing runs at a time.
#pragma once

#include <sys/wait.h>

namespace jobpool::worker {

inline void reap_left_children() {
  while (::waitpid(-1, nullptr, WNOHANG | __WALL) > 0) {
  }
}

}  // namespace jobpool::worker
