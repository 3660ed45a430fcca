// jobpool list: the jobs as a table, oldest first, or one JSON object a line.
#include <unistd.h>

#include <algorithm>

#include "client/cli/job_text.hpp"
#include "client/cli/selector.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {
namespace {

bool selects(const Selection& selection, JobId id) {
  if (selection.all || selection.ranges.empty()) return true;
  return std::any_of(selection.ranges.begin(), selection.ranges.end(),
                     [id](const Selection::Range& range) { return range.first <= id.value && id.value <= range.last; });
}

Table empty_table() {
  Table table;
  table.column("id", Table::Align::right);
  table.column("state");
  table.column("pool");
  table.column("submitted");
  table.column("time", Table::Align::right);
  table.column("job");
  return table;
}

void add_row(Table& table, const proto::Job& job, std::int64_t now_usec) {
  const std::string what = job.name.empty() ? job.description : job.name + ": " + job.description;
  table.row({{std::to_string(job.id.value)},
             state_cell(job),
             {printable(job.pool)},
             {local_time(job.submitted_usec)},
             {run_time(job, now_usec)},
             {printable(what)}});
}

// What --limit N takes: a number, 0 for all.
Result<void> take_limit(std::string_view given, std::int64_t& limit) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (given.empty() || given.size() > 9 || !std::all_of(given.begin(), given.end(), is_digit))
    return Error{Errc::invalid_argument, "'" + std::string{given} + "' is no count"};
  limit = std::stoll(std::string{given});
  return {};
}

// The daemon's stream, as a table or as lines.
int show(Context& context, const proto::ListRequest& request, const Selection& selection) {
  Table table = empty_table();
  std::string lines;
  const std::int64_t now = wall_usec();
  const auto take = [&](nlohmann::json& parameters) -> Result<void> {
    const auto found = parameters.find("job");
    if (found == parameters.end() || found->is_null()) return {};  // an empty stream's only reply
    const Result<proto::Job> job = proto::read_job(parameters);
    if (!job) return job.error();
    if (!selects(selection, job->id)) return {};
    if (!context.json) {
      add_row(table, *job, now);
      return {};
    }
    lines += found->dump() + "\n";
    if (lines.size() < 64 * 1024) return {};
    return write_all(STDOUT_FILENO, std::exchange(lines, {}));
  };
  if (auto done = context.stream("org.jobpool.Job.List", proto::write_list(request), take); !done) return fail(done.error());
  return print(context.json ? lines : table.text());
}

}  // namespace

int run_list(Context& context, Words words) {
  Options options(context, {"list [options] [SELECTOR…]", "The newest jobs, oldest first. Selectors: 12, 3,5-8, last, all.",
                            "jobpool list --state running"});
  proto::ListRequest request;
  options.value("--state", "STATE", "only ready, running, waiting or done ones", [&request](std::string_view given) -> Result<void> {
    request.state = job_state_from(given);
    if (!request.state) return Error{Errc::invalid_argument, "'" + std::string{given} + "' is no state: ready, running, waiting or done"};
    return {};
  });
  options.value("--pool", "NAME", "only those of one pool", [&request](std::string_view given) -> Result<void> {
    request.pool = std::string{given};
    return {};
  });
  options.value("--limit", "N", "at most so many; 100 when absent, 0 for all",
                [&request](std::string_view given) { return take_limit(given, request.limit); });
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  const Result<Selection> selection = parse_selection(parsed.operands);
  if (!selection) return options.misused(selection.error().text);
  if (selection->last && selection->ranges.empty() && !selection->all)
    request.limit = 1;
  else if (!parsed.operands.empty())
    request.limit = 0;
  return show(context, request, *selection);
}

}  // namespace jobpool::cli
