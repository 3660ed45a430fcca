// jobpool queue join: Queue.join, with a time-out.
#include "client/cli/queue.hpp"
#include "client/cli/tell.hpp"
#include "client/lib/calling_job.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool::cli {

int run_queue_join(Context& context, Words words) {
  Options options(context, {"queue join [options] NAME", "Waits until all items that were put are dealt with ('queue done').",
                            "jobpool queue join mail --timeout 1m"});
  std::optional<Microseconds> timeout;
  options.duration("--timeout", "T", "give up after T with exit code 124", timeout);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (const std::string fault = one_queue_fault(parsed.operands); !fault.empty()) return options.misused(fault);
  const auto request = [&parsed](std::optional<Microseconds> left) {
    return proto::write_queue_join(proto::QueueJoinRequest{parsed.operands.front(), left, client::calling_job()});
  };
  const Result<client::Reply> reply = context.wait("org.jobpool.Queue.Join", timeout, request);
  if (!reply) return fail(reply.error());
  return context.json ? print(reply->parameters.tree().dump() + "\n") : 0;
}

}  // namespace jobpool::cli
