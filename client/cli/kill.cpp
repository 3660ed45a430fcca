// jobpool kill: a signal to a running command's process group. Stopping a job for good is cancel's business.
#include <csignal>

#include "client/cli/selector.hpp"
#include "client/cli/signal_name.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {

int run_kill(Context& context, Words words) {
  Options options(context, {"kill [options] ID…", "Sends a signal to the process group of running commands.", "jobpool kill -s HUP 12"});
  int signal = SIGTERM;
  options.value("-s, --signal", "SIGNAL", "its name or number; TERM when absent", [&signal](std::string_view given) -> Result<void> {
    const Result<int> parsed = parse_signal(given);
    if (!parsed) return parsed.error();
    signal = *parsed;
    return {};
  });
  for (const std::string& word : words)  // as kill(1) takes it
    if (word.size() > 1 && word.front() == '-' && parse_signal(word.substr(1)))
      return options.misused("'" + word + "' is no option here: write -s " + word.substr(1));
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused(kNoJobsNamed);
  const Result<std::vector<JobId>> ids = context.select(parsed.operands);
  if (!ids) return ids.error().code == Errc::invalid_argument ? options.misused(ids.error().text) : fail(ids.error());
  int code = 0;
  std::string lines;
  for (const JobId id : *ids) {
    const Result<client::Reply> reply =
        context.ask("org.jobpool.Job.Kill", proto::write_kill(proto::KillRequest{id, signal}), client::Resend::never);
    if (!reply)
      code = fail(reply.error());
    else if (context.json)
      lines += reply->parameters.tree().dump() + "\n";
  }
  return print(lines, code);
}

}  // namespace jobpool::cli
