// The supervisor's death is this process's: the kernel kills it when the far end of its liveness socket closes.
// Worker process. Armed while idle or in a function, which neither looks at sockets nor has anything to clear up.
//
// Not PR_SET_PDEATHSIG: that goes off when the parent's *thread* ends, and the supervisor's spawner thread ends when the supervisor
// executes its successor in place, which workers outlive. The socket's far end lives exactly as long as there is a supervisor.
#pragma once

#include "common/result.hpp"

namespace jobpool::worker {

// Requires: nobody writes to `socket` from now on. Too late for a hang-up that came before: look at the socket afterwards. Errors: io.
Result<void> die_at_hangup(int socket);

// Undoes it, and redoes it.
void outlive_hangup(int socket);
void die_at_hangup_again(int socket);

}  // namespace jobpool::worker
