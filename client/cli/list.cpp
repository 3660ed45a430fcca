// jobpool list: the jobs as a table, oldest first, or one JSON object a line.
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "client/cli/job_text.hpp"
#include "client/cli/pool.hpp"
#include "client/cli/selector.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {
namespace {

bool selects(const Selection& selection, JobId id) {
  if (selection.all || (selection.ranges.empty() && !selection.last)) return true;
  return std::any_of(selection.ranges.begin(), selection.ranges.end(),
                     [id](const Selection::Range& range) { return range.first <= id.value && id.value <= range.last; });
}

Table empty_table() {
  Table table;
  table.column("id", Table::Align::right);
  table.column("state");
  table.column("pool");
  table.column("submitted");
  for (const char* title : {"ready", "waiting", "running"}) table.column(title, Table::Align::right);
  table.column("job");
  return table;
}

void add_row(Table& table, const proto::Job& job, std::int64_t now_usec) {
  const std::string what = job.name.empty() ? job.description : job.name + ": " + job.description;
  table.row({{std::to_string(job.id.value)},
             state_cell(job),
             {printable(job.pool)},
             {local_time(job.submitted_usec)},
             {state_time(job.ready_time_usec)},
             {state_time(job.waiting_time_usec)},
             {job.running_time_usec ? state_time(job.running_time_usec) : run_time(job, now_usec)},
             {printable(what)}});
}

// What --limit N takes: a number, 0 for all.
Result<void> take_limit(std::string_view given, std::int64_t& limit) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (given.empty() || given.size() > 9 || !std::all_of(given.begin(), given.end(), is_digit))
    return Error{Errc::invalid_argument, "'" + std::string{given} + "' is no count: write a number, 0 for all"};
  limit = std::stoll(std::string{given});
  return {};
}

// The single ids among what is selected.
std::set<std::uint64_t> single_ids(const Selection& selection) {
  std::set<std::uint64_t> ids;
  for (const Selection::Range& range : selection.ranges)
    if (range.first == range.last) ids.insert(range.first);
  return ids;
}

// The daemon's stream, as a table or as lines. `last` is known only at its end: what was not selected otherwise is kept until then.
// So are the newest `limit` of what was, where that is not 0.
class Listing {
 public:
  Listing(Context& context, const Selection& selection, std::size_t limit)
      : json_(context.json), selection_(selection), limit_(limit), not_seen_(single_ids(selection)) {}

  Result<void> take(proto::JsonText parameters) {
    const auto found = parameters.member("job");
    if (!found) return {};  // an empty stream's only reply
    Result<proto::Job> job = proto::read_job(parameters);
    if (!job) return job.error();
    const bool selected = selects(selection_, job->id);
    not_seen_.erase(job->id.value);
    newest_.reset();
    if (selected && limit_ == 0) return add(*job, *found);
    if (selected)
      keep({std::move(*job), proto::JsonObject(*found)});
    else if (selection_.last)
      newest_.emplace(std::move(*job), proto::JsonObject(*found));
    return {};
  }
  // `missing`: whether single ids that were not in the stream are ones of no job.
  int finish(bool missing) {
    if (newest_) keep(std::move(*newest_));
    for (const Kept& kept : kept_)
      if (auto added = add(kept.first, kept.second); !added) return fail(added.error());
    int code = 0;
    for (const std::uint64_t id : missing ? not_seen_ : std::set<std::uint64_t>{})
      code = fail(Error{Errc::not_found, "job " + std::to_string(id) + ": no such job (never submitted, or forgotten)"});
    return print(json_ ? lines_ : table_.text(), code);
  }

 private:
  using Kept = std::pair<proto::Job, proto::JsonObject>;

  void keep(Kept kept) {
    kept_.push_back(std::move(kept));
    if (limit_ > 0 && kept_.size() > limit_) kept_.pop_front();
  }
  Result<void> add(const proto::Job& job, proto::JsonText object) {
    if (!json_) {
      add_row(table_, job, now_);
      return {};
    }
    lines_ += object.tree().dump() + "\n";
    if (lines_.size() < 64 * 1024) return {};
    return write_all(STDOUT_FILENO, std::exchange(lines_, {}));
  }

  const bool json_;
  const Selection& selection_;
  const std::int64_t now_ = wall_usec();
  Table table_ = empty_table();
  std::string lines_;
  const std::size_t limit_;
  std::set<std::uint64_t> not_seen_;
  std::deque<Kept> kept_;
  std::optional<Kept> newest_;  // unless it was selected otherwise
};

int show(Context& context, const proto::ListRequest& request, const Selection& selection, std::size_t limit) {
  Listing listing(context, selection, limit);
  const auto take = [&listing](proto::JsonText parameters) { return listing.take(parameters); };
  if (auto done = context.stream("org.jobpool.Job.List", proto::write_list(request), take); !done) return fail(done.error());
  const bool is_filtered = request.state || request.pool;
  return listing.finish(!is_filtered);
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
    if (std::string fault = pool_name_fault(given); !fault.empty()) return Error{Errc::invalid_argument, std::move(fault)};
    request.pool = std::string{given};
    return {};
  });
  std::optional<std::size_t> given_limit;
  options.value("--limit", "N", "at most so many; 100 when absent, 0 for all", [&](std::string_view given) -> Result<void> {
    if (auto taken = take_limit(given, request.limit); !taken) return taken;
    given_limit = static_cast<std::size_t>(request.limit);
    return {};
  });
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  const Result<Selection> selection = parse_selection(parsed.operands);
  if (!selection) return options.misused(selection.error().text);
  // What is selected, the daemon does not know: it sends all, and the limit is kept here.
  std::size_t limit = 0;
  if (selection->last && selection->ranges.empty() && !selection->all) {
    request.limit = 1;
  } else if (!parsed.operands.empty()) {
    limit = given_limit.value_or(0);
    request.limit = 0;
  }
  return show(context, request, *selection, limit);
}

}  // namespace jobpool::cli
