// jobpool queue delete: ends queues; all who wait at them are told.
#include "client/cli/queue.hpp"
#include "client/cli/tell.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool::cli {

int run_queue_delete(Context& context, Words words) {
  Options options(context,
                  {"queue delete [options] NAME…", "Ends queues, with what is in them. Whoever waits at one is told that it is gone.",
                   "jobpool queue delete mail"});
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused("which queues?");
  for (const std::string& name : parsed.operands)
    if (const std::string fault = queue_name_fault(name); !fault.empty()) return options.misused(fault);
  int code = 0;
  std::string lines;
  for (const std::string& name : parsed.operands) {
    const Result<client::Reply> reply = context.ask("org.jobpool.Queue.Delete", proto::write_queue_name(name), client::Resend::never);
    if (!reply && reply.error().code == Errc::not_found)  // whoever wants it gone is not told how to make it
      code = fail(Error{Errc::not_found, "queue '" + name + "': no such queue (never made, or deleted)"});
    else if (!reply)
      code = fail(reply.error());
    else if (context.json)
      lines += reply->parameters.tree().dump() + "\n";
  }
  return print(lines, code);
}

}  // namespace jobpool::cli
