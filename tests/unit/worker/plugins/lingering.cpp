// A plugin with a global that waits for ever when it is destroyed, as for a thread of its own.
#include <unistd.h>

#include <cstdlib>
#include <jobpool/task.hpp>

namespace {

struct Lingering {
  ~Lingering() {
    for (;;) ::pause();
  }
};

Lingering at_load;

JOBPOOL_TASK(make_global, [] { static const Lingering lingering; });
JOBPOOL_TASK(exit_now, [](int status) { std::exit(status); });

}  // namespace
