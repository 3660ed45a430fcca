// jobpool pool show: everything known of a pool, and of each of its workers; or the JSON object.
#include "client/cli/byte_size.hpp"
#include "client/cli/duration.hpp"
#include "client/cli/pool.hpp"
#include "client/cli/table.hpp"

namespace jobpool::cli {
namespace {

constexpr std::size_t kPoolLabelWidth = 14;

void pool_line(std::string& out, std::string_view label, const std::string& value) {
  if (!value.empty()) out.append("  ").append(label).append(kPoolLabelWidth - label.size(), ' ').append(value).append("\n");
}

std::string initializer_of(const proto::PoolInfo& pool) {
  if (pool.initializer.empty()) return {};
  const std::string_view arguments =
      pool.arguments.size() >= 2 ? std::string_view{pool.arguments}.substr(1, pool.arguments.size() - 2) : "";
  return printable("@" + pool.initializer + "(" + std::string{arguments} + ")");
}

// All that it has, where there may be several.
std::string jobs_of(const proto::PoolWorker& worker) {
  if (worker.jobs.empty()) return worker.job ? std::to_string(worker.job->value) : "";
  std::string list;
  for (const JobId job : worker.jobs) list += (list.empty() ? "" : ",") + std::to_string(job.value);
  return list;
}

std::string workers_table(const std::vector<proto::PoolWorker>& workers) {
  Table table;
  table.column("  worker", Table::Align::right);
  table.column("pid", Table::Align::right);
  table.column("state");
  for (const char* title : {"job", "tasks"}) table.column(title, Table::Align::right);
  for (const proto::PoolWorker& worker : workers)
    table.row({{std::to_string(worker.number)},
               {std::to_string(worker.pid)},
               {printable(worker.state)},
               {jobs_of(worker)},
               {std::to_string(worker.tasks)}});
  return table.text();
}

std::string pool_block(const proto::PoolInfo& pool) {
  std::string out = ink("pool " + printable(pool.name), Ink::bold) + "  " + printable(pool.state) + "\n";
  pool_line(out, "workers", std::to_string(pool.workers) + " of " + std::to_string(pool.size.value_or(0)));
  if (pool.threads.value_or(1) > 1) pool_line(out, "threads", std::to_string(*pool.threads) + " in each worker");
  if (pool.min)
    pool_line(out, "min",
              std::to_string(*pool.min) + ", the others leave after " + show_duration(Microseconds{pool.idle_usec.value_or(0)}));
  if (pool.max_tasks) pool_line(out, "max tasks", std::to_string(*pool.max_tasks) + " for each worker");
  if (pool.memory_bytes) pool_line(out, "memory", show_byte_size(*pool.memory_bytes) + " for each worker");
  pool_line(out, "initializer", initializer_of(pool));
  if (!pool.setup_error.empty())
    pool_line(out, "trouble",
              ink(printable(pool.setup_error), Ink::red) + " (" + std::to_string(pool.setup_failures) + " in a row; it is tried again)");
  pool_line(out, "jobs",
            std::to_string(pool.ready) + " ready, " + std::to_string(pool.running) + " running, " + std::to_string(pool.waiting) +
                " waiting, " + std::to_string(pool.done) + " done");
  if (!pool.worker_list.empty()) out += workers_table(pool.worker_list);
  return out;
}

}  // namespace

int run_pool_show(Context& context, Words words) {
  Options options(context, {"pool show [options] [POOL]", "Everything known of a pool ('default' when not named), and its workers.",
                            "jobpool pool show images"});
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.size() > 1) return options.misused("pool show takes one pool");
  const std::string pool = parsed.operands.empty() ? std::string{proto::kDefaultPool} : parsed.operands.front();
  if (const std::string fault = pool_name_fault(pool); !fault.empty()) return options.misused(fault);
  const Result<client::Reply> reply = context.ask("org.jobpool.Pool.Show", proto::write_pool_name(pool));
  if (!reply) return fail(reply.error());
  const Result<proto::PoolInfo> info = proto::read_pool(reply->parameters);
  if (!info) return fail(info.error());
  return print(context.json ? reply->parameters.tree()["pool"].dump() + "\n" : pool_block(*info));
}

}  // namespace jobpool::cli
