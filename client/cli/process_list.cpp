// jobpool process list, show: processes as a table or a block, or one JSON object a line.
#include "client/cli/job_text.hpp"
#include "client/cli/process.hpp"
#include "client/cli/table.hpp"
#include "client/cli/tell.hpp"
#include "proto/process_messages.hpp"

namespace jobpool::cli {
namespace {

std::string number_or_nothing(const std::optional<int>& number) { return number ? std::to_string(*number) : ""; }

std::string state_of(const proto::Process& process) { return process.alive ? std::string{to_string(process.state)} : "ended"; }

std::string processes_table(const std::vector<proto::Process>& processes) {
  Table table;
  table.column("name");
  for (const char* title : {"job", "pid", "exit"}) table.column(title, Table::Align::right);
  table.column("state");
  table.column("started");
  table.column("what");
  for (const proto::Process& process : processes)
    table.row({{printable(process.name)},
               {std::to_string(process.id.value)},
               {number_or_nothing(process.pid)},
               {number_or_nothing(process.exit_code), process.exit_code.value_or(0) != 0 ? Ink::red : Ink::none},
               {state_of(process)},
               {process.started_usec ? local_time(*process.started_usec) : ""},
               {printable(process.description)}});
  return table.text();
}

std::string process_block(const proto::Process& process) {
  std::string out = ink("process " + printable(process.name), Ink::bold) + "  " + state_of(process) + "\n";
  const auto line = [&out](std::string_view label, const std::string& value) {
    if (!value.empty()) out.append("  ").append(label).append(12 - label.size(), ' ').append(value) += '\n';
  };
  line("what", printable(process.description));
  line("job", std::to_string(process.id.value));
  line("pid", number_or_nothing(process.pid));
  line("parent", number_or_nothing(process.parent_pid));
  line("exit code", number_or_nothing(process.exit_code));
  line("reason", printable(process.reason));
  line("daemonic", process.daemonic ? "yes, it ends with its starter" : "no");
  line("started", process.started_usec ? local_time(*process.started_usec) : "");
  line("ended", process.ended_usec ? local_time(*process.ended_usec) : "");
  return out;
}

}  // namespace

int run_process_list(Context& context, Words words) {
  Options options(context,
                  {"process list [options]", "The processes that are alive, in the order of their starts.", "jobpool process list --all"});
  bool all = false;
  options.flag("--all", "those that have ended and are remembered, too", all);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (!parsed.operands.empty()) return options.misused("process list takes no operands");
  const Result<client::Reply> reply = context.ask("org.jobpool.Process.List", proto::write_process_list(all));
  if (!reply) return fail(reply.error());
  const auto processes = proto::read_processes(reply->parameters);
  if (!processes) return fail(processes.error());
  if (!context.json) return print(processes_table(*processes));
  std::string lines;
  const nlohmann::json tree = reply->parameters.tree();
  for (const nlohmann::json& process : tree["processes"]) lines += process.dump() + "\n";
  return print(lines);
}

int run_process_show(Context& context, Words words) {
  Options options(context, {"process show [options] NAME…", "Everything known of these processes. An exit code of -N: died of signal N.",
                            "jobpool process show server"});
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused("which processes?");
  int code = 0;
  std::string text;
  for (const std::string& name : parsed.operands) {
    if (const std::string fault = process_name_fault(name); !fault.empty()) return options.misused(fault);
    const Result<client::Reply> reply = context.ask("org.jobpool.Process.Show", proto::write_process_name(name));
    const Result<proto::Process> process = reply ? proto::read_process(reply->parameters) : Result<proto::Process>{reply.error()};
    if (!process) {
      code = fail(process.error());
      continue;
    }
    text += context.json ? reply->parameters.tree()["process"].dump() + "\n" : process_block(*process);
  }
  return print(text, code);
}

}  // namespace jobpool::cli
