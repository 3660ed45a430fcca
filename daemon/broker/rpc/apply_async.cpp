// ApplyAsync: submit a job and answer its id at once.
#include "daemon/broker/rpc/verbs.hpp"

namespace jobpool::broker {

void Verbs::apply_async(const CallPtr& call) { submit(call, Mode::apply_async); }

}  // namespace jobpool::broker
