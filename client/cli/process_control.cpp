// jobpool process join, alive, terminate, kill: by the process's name.
#include "client/cli/process.hpp"
#include "client/cli/tell.hpp"
#include "proto/process_messages.hpp"

namespace jobpool::cli {
namespace {

// A signal, whichever.
int end_process(Context& context, Words words, Usage usage, std::string_view method) {
  Options options(context, usage);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused("which processes?");
  for (const std::string& name : parsed.operands)
    if (const std::string fault = process_name_fault(name); !fault.empty()) return options.misused(fault);
  int code = 0;
  std::string lines;
  for (const std::string& name : parsed.operands) {
    const Result<client::Reply> reply = context.ask(method, proto::write_process_name(name));
    if (!reply)
      code = fail(reply.error());
    else if (context.json)
      lines += reply->parameters.tree().dump() + "\n";
  }
  return print(lines, code);
}

}  // namespace

int run_process_join(Context& context, Words words) {
  Options options(context,
                  {"process join [options] NAME", "Waits until the process has ended; exit code 0 then, however it ended, as in Python.",
                   "jobpool process join server --timeout 10s"});
  std::optional<Microseconds> timeout;
  options.duration("--timeout", "T", "give up after T with exit code 124; the process goes on", timeout);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (const std::string fault = one_process_fault(parsed.operands); !fault.empty()) return options.misused(fault);
  const auto request = [&parsed](std::optional<Microseconds> left) {
    return proto::write_process_join(proto::ProcessJoinRequest{parsed.operands.front(), left});
  };
  const Result<client::Reply> reply = context.wait("org.jobpool.Process.Join", timeout, request);
  if (!reply) return fail(reply.error());
  return context.json ? print(reply->parameters.tree().dump() + "\n") : 0;
}

int run_process_alive(Context& context, Words words) {
  Options options(context,
                  {"process alive [options] NAME", "Is the process alive? Exit code 0: yes, 1: no.", "jobpool process alive server"});
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (const std::string fault = one_process_fault(parsed.operands); !fault.empty()) return options.misused(fault);
  const Result<client::Reply> reply = context.ask("org.jobpool.Process.Alive", proto::write_process_name(parsed.operands.front()));
  if (!reply) return fail(reply.error());
  const Result<bool> alive = proto::read_flag("alive", reply->parameters);
  if (!alive) return fail(alive.error());
  const int code = *alive ? 0 : 1;
  return context.json ? print(reply->parameters.tree().dump() + "\n", code) : code;
}

int run_process_terminate(Context& context, Words words) {
  return end_process(
      context, words,
      {"process terminate [options] NAME…", "Sends TERM: the process may end later, or not at all where it catches it, so join.",
       "jobpool process terminate server && jobpool process join server --timeout 5s"},
      "org.jobpool.Process.Terminate");
}

int run_process_kill(Context& context, Words words) {
  return end_process(context, words, {"process kill [options] NAME…", "Sends KILL.", "jobpool process kill server"},
                     "org.jobpool.Process.Kill");
}

}  // namespace jobpool::cli
