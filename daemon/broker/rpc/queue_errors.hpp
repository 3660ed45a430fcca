// What a queue refuses, in the protocol's words.
#pragma once

#include <string>
#include <string_view>

#include "daemon/broker/queues/queue_core.hpp"
#include "daemon/broker/rpc/call.hpp"

namespace jobpool::broker {

// Requires: the verdict is not `well`. `key`: of the call, where it had one.
void answer_queue_error(Call& call, const std::string& queue, std::string_view key, const AnswerQueueCall& answer, const QueueCore& core);

}  // namespace jobpool::broker
