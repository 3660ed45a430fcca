// jobpool call: any method of the protocol, for what has no verb and for looking around; one JSON object a line.
#include <unistd.h>

#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"
#include "client/lib/remote_error.hpp"

namespace jobpool::cli {
namespace {

std::string line(proto::JsonText parameters) {
  return parameters.tree().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

int call_and_print(Context& context, const std::string& method, const std::string& parameters, proto::CallMode mode) {
  const Result<client::Connections*> connections = context.connect();
  if (!connections) return fail(connections.error());
  client::RecoveringCall call(**connections, proto::write_call(method, parameters, mode), client::Resend::never);
  for (;;) {
    const Result<client::Reply> reply = call.finish(client::kNever);
    if (!reply) return fail(reply.error());
    if (!reply->error.empty()) {
      (void)write_all(STDERR_FILENO, reply->error + " " + line(reply->parameters));
      return fail(client::describe_error(*reply));
    }
    if (auto written = write_all(STDOUT_FILENO, line(reply->parameters)); !written) return fail(written.error());
    if (!reply->continues) return 0;
  }
}

}  // namespace

int run_call(Context& context, Words words) {
  Options options(
      context, {"call [options] METHOD [JSON]",
                "Calls a method with a JSON object as its parameters and prints the answer's, one object a line. An error goes to stderr.",
                "jobpool call org.jobpool.Job.Show '{\"id\": 12}'"});
  bool more = false;
  options.flag("--more", "take a stream of replies", more);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty() || parsed.operands.size() > 2) return options.misused("call takes a method and, perhaps, its parameters");
  const std::string& method = parsed.operands.front();
  if (method.find('.') == std::string::npos) return options.misused("'" + printable(method) + "' is no method: write interface.Method");
  const std::string parameters = parsed.operands.size() > 1 ? parsed.operands[1] : "{}";
  if (!nlohmann::json::parse(parameters, nullptr, false).is_object())
    return options.misused("the parameters are no JSON object: write them like '{\"id\": 12}'");
  return call_and_print(context, method, parameters, more ? proto::CallMode::more : proto::CallMode::plain);
}

}  // namespace jobpool::cli
