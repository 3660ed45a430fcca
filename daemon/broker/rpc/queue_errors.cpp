// One error for each verdict.
#include "daemon/broker/rpc/queue_errors.hpp"

#include <string_view>

#include "proto/json_writer.hpp"

namespace jobpool::broker {
namespace {

std::string_view error_name(QueueVerdict verdict) {
  using namespace proto::error;
  switch (verdict) {
    case QueueVerdict::exists:
      return kQueueExists;
    case QueueVerdict::full:
      return kNamedQueueFull;
    case QueueVerdict::empty:
      return kQueueEmpty;
    case QueueVerdict::timed_out:
      return kQueueTimedOut;
    case QueueVerdict::done_too_often:
      return kDoneTooOften;
    case QueueVerdict::too_many_queues:
      return kTooManyQueues;
    case QueueVerdict::too_many_waiters:
      return kTooManyWaiters;
    case QueueVerdict::store_full:
      return kQueueStoreFull;
    case QueueVerdict::key_conflict:
      return kQueueKeyConflict;
    case QueueVerdict::no_such_queue:
    case QueueVerdict::well:
      break;
  }
  return kNoSuchQueue;
}

// The name of the error's number; empty: it has none.
std::string_view number_name(QueueVerdict verdict) {
  switch (verdict) {
    case QueueVerdict::full:
    case QueueVerdict::store_full:
      return "put";
    case QueueVerdict::timed_out:
    case QueueVerdict::done_too_often:
      return "unfinished";
    case QueueVerdict::too_many_queues:
    case QueueVerdict::too_many_waiters:
      return "limit";
    default:
      return {};
  }
}

}  // namespace

void answer_queue_error(Call& call, const std::string& queue, std::string_view key, const AnswerQueueCall& answer, const QueueCore& core) {
  std::string out;
  proto::ObjectWriter object(out);
  if (answer.verdict != QueueVerdict::too_many_queues) object.text("queue", queue);
  if (const auto name = number_name(answer.verdict); !name.empty()) object.integer(name, static_cast<std::int64_t>(answer.number));
  if (answer.verdict == QueueVerdict::exists) {
    const QueueState* there = core.find(queue);
    object.integer("maxsize", there == nullptr ? 0 : static_cast<std::int64_t>(there->made.maxsize));
    object.flag("durable", there != nullptr && there->made.durable);
  }
  if (answer.verdict == QueueVerdict::key_conflict) object.text("key", key);
  object.close();
  call.error(error_name(answer.verdict), out);
}

}  // namespace jobpool::broker
