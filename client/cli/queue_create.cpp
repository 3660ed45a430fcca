// jobpool queue create: multiprocessing's Queue(maxsize), with a name.
#include "client/cli/queue.hpp"
#include "client/cli/tell.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool::cli {

int run_queue_create(Context& context, Words words) {
  Options options(context, {"queue create [options] NAME", "Makes a queue; one of that name that exists already is an error.",
                            "jobpool queue create --maxsize 100 --durable mail"});
  proto::QueueCreateRequest request;
  std::optional<int> maxsize;
  options.integer("--maxsize", "N", "it holds N items at most; 0, or absent: any number", {0, proto::kMaxQueueSize}, maxsize);
  options.flag("--durable", "on disk: it outlives the daemon and the host", request.durable);
  options.flag("--exist-ok", "one of that name, maxsize and durability will do", request.exist_ok);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (const std::string fault = one_queue_fault(parsed.operands); !fault.empty()) return options.misused(fault);
  request.name = parsed.operands.front();
  request.maxsize = maxsize.value_or(0);
  const Result<client::Reply> reply = context.ask("org.jobpool.Queue.Create", proto::write_queue_create(request),
                                                  request.exist_ok ? client::Resend::always : client::Resend::never);
  if (!reply) return fail(reply.error());
  return context.json ? print(reply->parameters.tree().dump() + "\n") : 0;
}

}  // namespace jobpool::cli
