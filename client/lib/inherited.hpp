// What a submission says of the variables that its caller merely had: only to a daemon that knows what is meant. Any thread.
#pragma once

#include "client/lib/connections.hpp"
#include "common/clock.hpp"
#include "proto/messages.hpp"

namespace jobpool::client {

// Makes `inherited` of the job 0 where the daemon does not understand it, which costs a question (Hello). So it is to be 0 from the
// beginning where the key was made for this one call: nobody compares that with another. Errors: those of RecoveringCall; what the daemon
// said.
Result<void> settle_inherited(Connections& connections, proto::Submission& job, TimePoint deadline);

}  // namespace jobpool::client
