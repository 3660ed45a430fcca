// jobpool pool list: all pools as a table, or one JSON object a line.
#include "client/cli/pool.hpp"
#include "client/cli/table.hpp"

namespace jobpool::cli {
namespace {

std::string table_of(const std::vector<proto::PoolInfo>& pools) {
  Table table;
  table.column("pool");
  table.column("state");
  for (const char* title : {"size", "threads", "workers", "ready", "running", "waiting", "done"}) table.column(title, Table::Align::right);
  table.column("trouble");
  for (const proto::PoolInfo& pool : pools)
    table.row({{printable(pool.name)},
               {printable(pool.state), pool.state == "running" ? Ink::green : Ink::yellow},
               {std::to_string(pool.size.value_or(0))},
               {std::to_string(pool.threads.value_or(1))},
               {std::to_string(pool.workers)},
               {std::to_string(pool.ready)},
               {std::to_string(pool.running)},
               {std::to_string(pool.waiting)},
               {std::to_string(pool.done)},
               {printable(pool.setup_error), Ink::red}});
  return table.text();
}

}  // namespace

int run_pool_list(Context& context, Words words) {
  Options options(context, {"pool list [options]", "All pools, with their sizes and the jobs they have.", "jobpool pool list"});
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (!parsed.operands.empty()) return options.misused("pool list takes no operands; 'jobpool pool show NAME' tells of one");
  const Result<client::Reply> reply = context.ask("org.jobpool.Pool.List", "{}");
  if (!reply) return fail(reply.error());
  const Result<std::vector<proto::PoolInfo>> pools = proto::read_pools(reply->parameters);
  if (!pools) return fail(pools.error());
  if (!context.json) return print(table_of(*pools));
  std::string lines;
  const nlohmann::json tree = reply->parameters.tree();
  for (const nlohmann::json& pool : tree["pools"]) lines += pool.dump() + "\n";
  return print(lines);
}

}  // namespace jobpool::cli
