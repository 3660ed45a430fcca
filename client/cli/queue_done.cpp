// jobpool queue done: Queue.task_done.
#include "client/cli/queue.hpp"
#include "client/cli/tell.hpp"
#include "client/lib/key.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool::cli {

int run_queue_done(Context& context, Words words) {
  Options options(context,
                  {"queue done [options] NAME", "Items that were taken from the queue are dealt with; 'queue join' waits for that.",
                   "jobpool queue get mail && jobpool queue done mail"});
  std::optional<int> count;
  options.integer("-n, --count", "COUNT", "so many of them; 1 when absent", {1, 1'000'000'000}, count);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (const std::string fault = one_queue_fault(parsed.operands); !fault.empty()) return options.misused(fault);
  const proto::QueueDoneRequest request{parsed.operands.front(), count.value_or(1), client::make_key()};
  const Result<client::Reply> reply = context.ask("org.jobpool.Queue.Done", proto::write_queue_done(request), client::Resend::any_instance);
  if (!reply) return fail(reply.error());
  return context.json ? print(reply->parameters.tree().dump() + "\n") : 0;
}

}  // namespace jobpool::cli
