// jobpool ping: does the daemon answer? Starts none.
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {

int run_ping(Context& context, Words words) {
  Options options(context, {"ping [options]", "Exit code 0: the daemon answers. It is not started when there is none.",
                            "jobpool ping || echo nobody there"});
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (!parsed.operands.empty()) return options.misused("ping takes no operands");
  const Result<client::Reply> reply = context.ask("org.jobpool.Pool.Hello", "{}", client::Resend::always, Context::Daemon::must_run);
  if (!reply) return fail(reply.error());
  if (context.json) return print(reply->parameters.tree().dump() + "\n");
  const Result<proto::Hello> hello = proto::read_hello(reply->parameters);
  if (!hello) return fail(hello.error());
  return print("jobpoold " + printable(hello->version) + ", pid " + std::to_string(hello->supervisor_pid) + ", instance " +
               printable(hello->instance) + "\n");
}

}  // namespace jobpool::cli
