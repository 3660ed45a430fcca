// ApplyAsync: submit a job and answer its id at once.
#include <utility>

#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::apply_async(CallPtr call) { submit(std::move(call), Mode::apply_async); }

}  // namespace jobpool::broker
