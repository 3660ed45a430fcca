// jobpool show: everything known of jobs, a block each, or one JSON object a line.
#include <algorithm>

#include "client/cli/duration.hpp"
#include "client/cli/job_text.hpp"
#include "client/cli/selector.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {
namespace {

constexpr std::size_t kLabelWidth = 12;

void line(std::string& out, std::string_view label, const std::string& value) {
  if (value.empty()) return;
  out.append("  ").append(label).append(kLabelWidth - label.size(), ' ').append(value).append("\n");
}

std::string resources(const proto::Resources& used) {
  return show_duration(Microseconds{used.user_usec}) + " user, " + show_duration(Microseconds{used.system_usec}) + " system, " +
         std::to_string(used.max_rss_bytes / 1024) + " KiB at most";
}

std::string list_of(const std::vector<JobId>& ids) {
  std::string text;
  for (const JobId id : ids) text += (text.empty() ? "" : ", ") + std::to_string(id.value);
  return text;
}

// What was asked of it beside the work itself; what is as usual is not worth a line.
void terms(std::string& out, const proto::Job& job) {
  if (job.durable) line(out, "durable", *job.durable ? "yes" : "no, gone with the daemon");
  if (job.priority.value_or(0) != 0) line(out, "priority", std::to_string(*job.priority));
  if (job.retries.value_or(0) != 0) line(out, "retries", std::to_string(*job.retries));
  line(out, "after", list_of(job.after));
  line(out, "after any", list_of(job.after_any));
  line(out, "after failed", list_of(job.after_failed));
  line(out, "key", printable(job.key));
  if (job.retry_of) line(out, "retry of", std::to_string(job.retry_of->value));
}

// How long it was in each state; what is not known is said.
std::string times(const proto::Job& job) {
  if (!job.ready_time_usec && !job.waiting_time_usec && !job.running_time_usec) return {};
  std::string text;
  const auto add = [&text](const char* state, const std::optional<std::int64_t>& time) {
    text += (text.empty() ? "" : ", ") + std::string{state} + " " + (time ? show_duration(Microseconds{*time}) : "not known");
  };
  add("ready", job.ready_time_usec);
  add("waiting", job.waiting_time_usec);
  add("running", job.running_time_usec);
  return text;
}

std::string history_table(const std::vector<proto::Period>& history) {
  constexpr std::size_t kShown = 60;  // of one that was tried thousands of times, the rest is in --json
  Table table;
  table.column("  state");
  table.column("from");
  table.column("for", Table::Align::right);
  const std::int64_t now = wall_usec();
  const std::size_t left_out = history.size() > kShown ? history.size() - kShown : 0;
  if (left_out > 0) table.row({{"  (" + std::to_string(left_out) + " before; see --json)"}, {""}, {""}});
  for (std::size_t i = left_out; i < history.size(); ++i) {
    const proto::Period& period = history[i];
    const std::int64_t time = std::max<std::int64_t>(period.to_usec.value_or(now) - period.from_usec, 0);
    table.row({{"  " + std::string{to_string(period.state)}},
               {local_time(period.from_usec)},
               {period.state == JobState::done ? "" : show_duration(Microseconds{time})}});
  }
  return table.text();
}

std::string attempts_table(const std::vector<proto::Attempt>& attempts) {
  Table table;
  table.column("  attempt", Table::Align::right);
  table.column("started");
  for (const char* title : {"time", "worker", "pid"}) table.column(title, Table::Align::right);
  table.column("outcome");
  table.column("reason");
  const std::int64_t now = wall_usec();
  for (const proto::Attempt& attempt : attempts)
    table.row({{std::to_string(attempt.number)},
               {attempt.started_usec ? local_time(*attempt.started_usec) : ""},
               {run_time(attempt, now)},
               {attempt.worker ? std::to_string(*attempt.worker) : ""},
               {attempt.pid ? std::to_string(*attempt.pid) : ""},
               outcome_cell(attempt),
               {printable(attempt.reason)}});
  return table.text();
}

std::string block(const proto::Job& job) {
  const Cell state = state_cell(job);
  std::string out = ink("job " + std::to_string(job.id.value), Ink::bold) + "  " + ink(state.text, state.colour) + "\n";
  line(out, "what", printable(job.description));
  line(out, "name", printable(job.name));
  line(out, "pool", printable(job.pool));
  line(out, "reason", printable(job.reason));
  terms(out, job);
  line(out, "attempt", job.attempt > 0 ? std::to_string(job.attempt) : "");
  line(out, "worker", job.worker ? std::to_string(*job.worker) : "");
  line(out, "pid", job.pid ? std::to_string(*job.pid) : "");
  line(out, "submitted", local_time(job.submitted_usec));
  if (job.not_before_usec) line(out, "not before", local_time(*job.not_before_usec));
  if (job.started_usec)
    line(out, "started",
         local_time(*job.started_usec) + ", after " +
             show_duration(Microseconds{std::max<std::int64_t>(*job.started_usec - job.submitted_usec, 0)}));
  if (job.ended_usec) line(out, "ended", local_time(*job.ended_usec));
  line(out, "ran", run_time(job, wall_usec()));
  line(out, "times", times(job));
  if (job.resources) line(out, "used", resources(*job.resources));
  if (!job.attempts.empty()) out += attempts_table(job.attempts);
  if (!job.history.empty()) out += history_table(job.history);
  return out;
}

}  // namespace

int run_show(Context& context, Words words) {
  Options options(context, {"show [options] ID…", "Everything known of these jobs but their output.", "jobpool show last"});
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.empty()) return options.misused(kNoJobsNamed);
  const Result<std::vector<JobId>> ids = context.select(parsed.operands);
  if (!ids) return ids.error().code == Errc::invalid_argument ? options.misused(ids.error().text) : fail(ids.error());

  int code = 0;
  std::string text;
  for (const JobId id : *ids) {
    const Result<client::Reply> reply = context.ask("org.jobpool.Job.Show", proto::write_id(id));
    const Result<proto::Job> job = reply ? proto::read_job(reply->parameters) : Result<proto::Job>{reply.error()};
    if (!job) {
      code = fail(job.error());
      continue;
    }
    text += context.json ? reply->parameters.tree()["job"].dump() + "\n" : block(*job);
  }
  return print(text, code);
}

}  // namespace jobpool::cli
