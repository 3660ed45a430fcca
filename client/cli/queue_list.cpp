// jobpool queue list, show: the queues as a table, or one JSON object a line.
#include "client/cli/job_text.hpp"
#include "client/cli/queue.hpp"
#include "client/cli/table.hpp"
#include "client/cli/tell.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool::cli {
namespace {

std::string bound_of(const proto::Queue& queue) { return queue.maxsize == 0 ? "" : std::to_string(queue.maxsize); }

std::string queues_table(const std::vector<proto::Queue>& queues) {
  Table table;
  table.column("queue");
  for (const char* title : {"size", "maxsize", "taken", "unfinished", "putters", "getters"}) table.column(title, Table::Align::right);
  table.column("durable");
  const auto waiters = [](std::int64_t count) { return Cell{std::to_string(count), count > 0 ? Ink::yellow : Ink::none}; };
  for (const proto::Queue& queue : queues)
    table.row({{printable(queue.name)},
               {std::to_string(queue.size)},
               {bound_of(queue)},
               {std::to_string(queue.taken)},
               {std::to_string(queue.unfinished)},
               waiters(queue.putters),
               waiters(queue.getters),
               {queue.durable ? "yes" : "no"}});
  return table.text();
}

std::string queue_block(const proto::Queue& queue) {
  std::string out = ink("queue " + printable(queue.name), Ink::bold) + "\n";
  const auto line = [&out](std::string_view label, const std::string& value) {
    out.append("  ").append(label).append(12 - label.size(), ' ').append(value) += '\n';
  };
  line("size", std::to_string(queue.size) + (queue.maxsize == 0 ? ", unbounded" : " of " + std::to_string(queue.maxsize)));
  line("bytes", std::to_string(queue.bytes));
  line("taken", std::to_string(queue.taken) + " on their way to consumers");
  line("unfinished", std::to_string(queue.unfinished));
  line("waiting", std::to_string(queue.putters) + " to put, " + std::to_string(queue.getters) + " to get, " +
                      std::to_string(queue.joiners) + " to join");
  line("durable", queue.durable ? "yes" : "no, gone with the daemon");
  line("created", local_time(queue.created_usec));
  return out;
}

}  // namespace

int run_queue_list(Context& context, Words words) {
  Options options(context, {"queue list [options]", "All queues, by name.", "jobpool queue list --json"});
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (!parsed.operands.empty()) return options.misused("queue list takes no operands");
  const Result<client::Reply> reply = context.ask("org.jobpool.Queue.List", "{}");
  if (!reply) return fail(reply.error());
  const auto queues = proto::read_queues(reply->parameters);
  if (!queues) return fail(queues.error());
  if (!context.json) return print(queues_table(*queues));
  std::string lines;
  const nlohmann::json tree = reply->parameters.tree();
  for (const nlohmann::json& queue : tree["queues"]) lines += queue.dump() + "\n";
  return print(lines);
}

int run_queue_show(Context& context, Words words) {
  Options options(context, {"queue show [options] NAME…", "Everything known of these queues but their items.", "jobpool queue show mail"});
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused("which queues?");
  int code = 0;
  std::string text;
  for (const std::string& name : parsed.operands) {
    if (const std::string fault = queue_name_fault(name); !fault.empty()) return options.misused(fault);
    const Result<client::Reply> reply = context.ask("org.jobpool.Queue.Show", proto::write_queue_name(name));
    const Result<proto::Queue> queue = reply ? proto::read_queue(reply->parameters) : Result<proto::Queue>{reply.error()};
    if (!queue) {
      code = fail(queue.error());
      continue;
    }
    text += context.json ? reply->parameters.tree()["queue"].dump() + "\n" : queue_block(*queue);
  }
  return print(text, code);
}

}  // namespace jobpool::cli
