// The handler; see the header.
#include "daemon/worker/exit_guard.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "common/log.hpp"

namespace jobpool::worker {
namespace {

bool is_loading = false;

void leave_at_once(int status, void*) {
  if (is_loading) log::critical("a plugin ended this worker by exit({}) while it was loaded", status);
  std::fflush(nullptr);
  ::_exit(is_loading && status == EXIT_SUCCESS ? EXIT_FAILURE : status);
}

}  // namespace

void guard_exit() { ::on_exit(leave_at_once, nullptr); }

Loading::Loading() {
  guard_exit();
  is_loading = true;
}

Loading::~Loading() {
  is_loading = false;
  guard_exit();
}

}  // namespace jobpool::worker
