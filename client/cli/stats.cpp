// jobpool stats: what the daemon has done, in numbers.
#include <array>

#include "client/cli/duration.hpp"
#include "client/cli/job_text.hpp"
#include "client/cli/stats_text.hpp"
#include "client/cli/table.hpp"
#include "client/cli/verbs.hpp"
#include "proto/stats_messages.hpp"

namespace jobpool::cli {
namespace {

constexpr std::array<Outcome, kOutcomeCount> kOutcomes{Outcome::succeeded, Outcome::failed,  Outcome::crashed,     Outcome::timed_out,
                                                       Outcome::cancelled, Outcome::skipped, Outcome::interrupted, Outcome::poison};

std::string stats_headline(const proto::Stats& stats) {
  std::string line = "since " + local_time(stats.since_usec);
  const auto remark = [&line](std::int64_t count, const std::string& what) {
    if (count > 0) line += ", " + std::to_string(count) + " " + what + (count == 1 ? "" : "s");
  };
  remark(stats.refused, "refused submission");
  remark(stats.worker_restarts, "worker restart");
  remark(stats.broker_restarts, "broker restart");
  remark(stats.events_listeners, "listener");
  if (stats.rescued_wakeups > 0) line += ", " + std::to_string(stats.rescued_wakeups) + " rescued wake-ups (a bug: please report it)";
  return line + "\n";
}

Table counts_table(const proto::Stats& stats) {
  Table table;
  table.column("pool");
  for (const char* title : {"accepted", "started", "retried", "revoked"}) table.column(title, Table::Align::right);
  for (const Outcome outcome : kOutcomes) table.column(to_string(outcome), Table::Align::right);
  const auto add = [&table](const proto::PoolStats& pool) {
    std::vector<Cell> row{{printable(pool.name)}};
    for (const std::int64_t count : {pool.accepted, pool.started, pool.retried, pool.revoked}) row.push_back({std::to_string(count)});
    for (const Outcome outcome : kOutcomes)
      row.push_back({std::to_string(pool.of(outcome)), outcome != Outcome::succeeded && pool.of(outcome) > 0 ? Ink::red : Ink::none});
    table.row(std::move(row));
  };
  for (const proto::PoolStats& pool : stats.pools) add(pool);
  if (stats.pools.size() > 1) add(stats.total);
  return table;
}

Table times_table(const proto::Stats& stats) {
  Table table;
  table.column("pool");
  for (const char* title : {"in/s", "out/s"}) table.column(title, Table::Align::right);
  table.column("time");
  for (const char* title : {"count", "mean", "min", "p50", "p90", "p99", "max"}) table.column(title, Table::Align::right);
  const auto add_times = [&table](std::vector<Cell> row, const char* what, const proto::Latency& times) {
    row.push_back({what});
    row.push_back({std::to_string(times.count)});
    for (const std::int64_t usec : {times.mean_usec, times.min_usec, times.p50_usec, times.p90_usec, times.p99_usec, times.max_usec})
      row.push_back({times.count == 0 ? "" : show_duration(Microseconds{usec})});
    table.row(std::move(row));
  };
  const auto add = [&](const proto::PoolStats& pool) {
    add_times({{printable(pool.name)}, {rate(pool.recent_accepted, stats.recent_usec)}, {rate(pool.recent_ended, stats.recent_usec)}},
              "ready", pool.queueing);
    add_times({{""}, {""}, {""}}, "running", pool.running);
  };
  for (const proto::PoolStats& pool : stats.pools) add(pool);
  if (stats.pools.size() > 1) add(stats.total);
  return table;
}

}  // namespace

int run_stats(Context& context, Words words) {
  Options options(context, {"stats [options]",
                            "What the daemon's broker has done since it began: jobs by what became of them, how many came and ended in a\n"
                            "second (of the last ten), how long they were ready before a worker took them, and how long they ran.",
                            "jobpool stats --json | jq .total.queueing.p99USec"});
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (!parsed.operands.empty()) return options.misused("stats takes no operands");
  const Result<client::Reply> reply = context.ask("org.jobpool.Pool.Stats", "{}");
  if (!reply) return fail(reply.error());
  if (context.json) return print(reply->parameters.tree().dump() + "\n");
  const Result<proto::Stats> stats = proto::read_stats(reply->parameters);
  if (!stats) return fail(stats.error());
  return print(stats_headline(*stats) + counts_table(*stats).text() + "\n" + times_table(*stats).text());
}

}  // namespace jobpool::cli
