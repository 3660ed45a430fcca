// jobpool version: ours, and the daemon's where one answers.
#include "proto/version.hpp"

#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {

int run_version(Context& context, Words words) {
  Options options(context,
                  {"version [options]", "The versions of jobpool and, where one answers, of the daemon.", "jobpool version --json"});
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (!parsed.operands.empty()) return options.misused("version takes no operands");
  const Result<client::Reply> reply = context.ask("org.jobpool.Pool.Hello", "{}", client::Resend::always, Context::Daemon::must_run);
  const Result<proto::Hello> hello = reply ? proto::read_hello(reply->parameters) : Result<proto::Hello>{reply.error()};
  if (context.json) {
    nlohmann::json versions{{"client", version()}};
    if (hello) versions["daemon"] = hello->version;
    return print(versions.dump() + "\n");
  }
  return print("jobpool " + std::string{version()} + "\n" + (hello ? "jobpoold " + printable(hello->version) + "\n" : std::string{}));
}

}  // namespace jobpool::cli
