// Calls that the server answers itself: the interface org.varlink.service, and calls that no handler could take.
#pragma once

#include "daemon/broker/rpc/call.hpp"

namespace jobpool::broker {

// False: the call is for the handler, and was not touched.
bool answer_without_handler(Call& call);

}  // namespace jobpool::broker
