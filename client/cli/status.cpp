// jobpool status: the daemon, its pools, and their jobs counted by the three states.
#include "client/cli/duration.hpp"
#include "client/cli/table.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {
namespace {

std::string headline(const proto::Status& status) {
  std::string line = "jobpoold " + printable(status.version) + ", up " + show_duration(Microseconds{status.uptime_usec});
  const auto remark = [&line](std::int64_t count, const std::string& one) {
    line += ", " + std::to_string(count) + " " + one + (count == 1 ? "" : "s");
  };
  remark(status.connections, "connection");
  if (status.worker_restarts > 0) remark(status.worker_restarts, "worker restart");
  if (status.broker_restarts > 0) remark(status.broker_restarts, "broker restart");
  if (status.draining.value_or(false)) line += ", going down";
  if (status.workers_retiring)
    line += ", a reload waits until " + std::to_string(*status.workers_retiring) +
            (*status.workers_retiring == 1 ? " worker has done what it has" : " workers have done what they have");
  if (status.rescued_wakeups > 0) line += ", " + std::to_string(status.rescued_wakeups) + " rescued wake-ups (a bug: please report it)";
  return line + "\n";
}

std::string pools_table(const proto::Status& status) {
  Table table;
  table.column("pool");
  table.column("state");
  for (const char* title : {"workers", "idle", "ready", "running", "waiting", "done", "ready for", "ran", "waited"})
    table.column(title, Table::Align::right);
  for (const proto::PoolStatus& pool : status.pools) {
    const auto number = [](std::int64_t count, Ink colour = Ink::none) {
      return Cell{std::to_string(count), count > 0 ? colour : Ink::none};
    };
    const auto time = [](const std::optional<std::int64_t>& usec) { return Cell{usec ? show_duration(Microseconds{*usec}) : ""}; };
    table.row({{printable(pool.name)},
               {printable(pool.state), pool.state == "running" ? Ink::green : Ink::yellow},
               number(pool.workers),
               number(pool.workers_idle),
               number(pool.ready),
               number(pool.running, Ink::green),
               number(pool.waiting, Ink::yellow),
               number(pool.done),
               time(pool.ready_time_usec),
               time(pool.running_time_usec),
               time(pool.waiting_time_usec)});
  }
  return table.text();
}

}  // namespace

int run_status(Context& context, Words words) {
  Options options(context, {"status [options]",
                            "The daemon, its pools, and their jobs by state: ready, running, waiting, done; and how long those that have "
                            "ended since the\nbroker began were ready, ran and waited, on average.",
                            "jobpool status --json"});
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (!parsed.operands.empty()) return options.misused("status takes no operands");
  const Result<client::Reply> reply = context.ask("org.jobpool.Pool.Status", "{}");
  if (!reply) return fail(reply.error());
  if (context.json) return print(reply->parameters.tree().dump() + "\n");
  const Result<proto::Status> status = proto::read_status(reply->parameters);
  if (!status) return fail(status.error());
  return print(headline(*status) + pools_table(*status));
}

}  // namespace jobpool::cli
