// See frame.hpp. From the top: the daemon, its numbers, pools, workers, jobs; at the bottom the keys, or what is being asked.
#include "client/cli/top/frame.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "client/cli/duration.hpp"
#include "client/cli/job_text.hpp"
#include "client/cli/stats_text.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/top/fit.hpp"
#include "client/cli/top/paint.hpp"

namespace jobpool::cli {
namespace {

constexpr std::size_t kFewestJobRows = 4;  // before workers, and then pools, give way

std::string text_of(std::int64_t count) { return std::to_string(count); }

std::string brief_times(const proto::Latency& times) {
  if (times.count == 0) return "-";
  return show_duration(Microseconds{times.p50_usec}) + " / " + show_duration(Microseconds{times.p99_usec});
}

Line draw_headline(const TopData& data, const TopView& view) {
  Line line;
  line.add("jobpool " + printable(data.status.version), Ink::bold);
  const std::int64_t connections = data.status.connections;
  line.add("  up " + show_duration(Microseconds{data.status.uptime_usec}) + "  " + text_of(connections) +
           (connections == 1 ? " connection" : " connections"));
  const auto warn = [&line](std::int64_t count, const std::string& one) {
    if (count > 0) line.add("  " + text_of(count) + " " + one + (count == 1 ? "" : "s"), Ink::yellow);
  };
  warn(data.status.worker_restarts, "worker restart");
  warn(data.status.broker_restarts, "broker restart");
  line.add("  " + local_clock(data.now_usec).substr(0, 8));
  if (view.frozen) line.add("  frozen", Ink::yellow);
  return line;
}

std::vector<Line> draw_totals(const TopData& data) {
  proto::PoolStatus sum;
  for (const proto::PoolStatus& pool : data.status.pools) {
    sum.ready += pool.ready;
    sum.running += pool.running;
    sum.waiting += pool.waiting;
    sum.done += pool.done;
  }
  const proto::PoolStats& total = data.stats.total;
  Line jobs;
  jobs.add(text_of(sum.ready) + " ready  ");
  jobs.add(text_of(sum.running) + " running", sum.running > 0 ? Ink::green : Ink::none);
  jobs.add("  ");
  jobs.add(text_of(sum.waiting) + " waiting", sum.waiting > 0 ? Ink::yellow : Ink::none);
  jobs.add("  " + text_of(sum.done) + " done");
  const std::string in = rate(total.recent_accepted, data.stats.recent_usec), out = rate(total.recent_ended, data.stats.recent_usec);
  if (!in.empty()) jobs.add("   in " + in + "/s  out " + out + "/s");
  Line times;
  times.add("p50 / p99: ready " + brief_times(total.queueing) + "  running " + brief_times(total.running));
  return {jobs, times};
}

constexpr std::array<std::size_t, 7> kPoolWidths{7, 5, 8, 8, 8, 9, 8};

Line pool_row(std::string_view mark, std::string_view name, const Cell& state, std::span<const std::string> numbers) {
  Line line;
  line.add(std::string{mark} + " " + fit(name, 14) + " ");
  line.add(fit(state.text, 10), state.colour);
  for (std::size_t i = 0; i < numbers.size(); ++i) line.add(fit(numbers[i], kPoolWidths.at(i), Side::right));
  return line;
}

std::vector<Line> draw_pools(const TopData& data, const TopView& view, std::size_t most) {
  const std::array<std::string, 7> titles{"workers", "idle", "ready", "running", "waiting", "done", "out/s"};
  std::vector<Line> lines{pool_row(" ", "POOL", {"STATE"}, titles)};
  lines.front().invert();
  const auto& all = data.status.pools;
  const auto chosen = std::ranges::find(all, view.pool, &proto::PoolStatus::name);
  // The one that is chosen is among those that are shown.
  const std::size_t place = chosen == all.end() ? 0 : static_cast<std::size_t>(chosen - all.begin());
  const std::size_t first = place < most ? 0 : place - most + 1;
  for (std::size_t i = first; i < all.size() && i < first + most; ++i) {
    const proto::PoolStatus& pool = all[i];
    const auto counted = std::ranges::find(data.stats.pools, pool.name, &proto::PoolStats::name);
    const std::string out = counted == data.stats.pools.end() ? "" : rate(counted->recent_ended, data.stats.recent_usec);
    const std::array<std::string, 7> numbers{text_of(pool.workers),
                                             text_of(pool.workers_idle),
                                             text_of(pool.ready),
                                             text_of(pool.running),
                                             text_of(pool.waiting),
                                             text_of(pool.done),
                                             out};
    lines.push_back(pool_row(pool.name == view.pool ? ">" : " ", printable(pool.name),
                             {pool.state, pool.state == "running" ? Ink::green : Ink::yellow}, numbers));
  }
  if (all.size() > most) lines.emplace_back("  " + text_of(static_cast<std::int64_t>(all.size() - most)) + " more pools; p shows the next");
  return lines;
}

std::vector<Line> draw_workers(const TopData& data, const TopView& view, std::size_t columns, std::size_t most) {
  constexpr std::string_view kTitle = "workers ";
  std::vector<std::string> lines{std::string{kTitle}};
  for (const TopData::Worker& one : data.workers) {
    if (!view.pool.empty() && one.pool != view.pool) continue;
    const std::string text = " " + text_of(one.worker.number) + ":" +
                             (one.worker.job ? "job " + text_of(static_cast<std::int64_t>(one.worker.job->value)) : one.worker.state);
    if (columns_of(lines.back()) + columns_of(text) + 2 > columns) {
      if (lines.size() == most) {
        lines.back() += " …";
        break;
      }
      lines.emplace_back(kTitle.size(), ' ');
    }
    lines.back() += text;
  }
  std::vector<Line> drawn;
  for (const std::string& line : lines) drawn.emplace_back(line);
  return drawn;
}

std::string shown_time(const proto::Job& job, std::int64_t now_usec) {
  if (job.state == JobState::done) return state_time(job.running_time_usec);
  return job.since_usec ? show_duration(Microseconds{std::max<std::int64_t>(now_usec - *job.since_usec, 0)}) : std::string{};
}

Line job_row(std::string_view mark, std::string_view id, const Cell& state, std::string_view pool, std::string_view time,
             std::string_view worker, const std::string& what) {
  Line line;
  line.add(std::string{mark} + fit(id, 9, Side::right) + " ");
  line.add(fit(state.text, 11), state.colour);
  line.add(" " + fit(pool, 9) + " " + fit(time, 8, Side::right) + " " + fit(worker, 4, Side::right) + " " + what);
  return line;
}

Cell short_state(const proto::Job& job) {
  Cell cell = state_cell(job);
  if (job.state == JobState::waiting) cell.text = to_string(job.state);  // what it waits for stands behind
  return cell;
}

std::vector<Line> draw_jobs(const TopData& data, const TopView& view, std::size_t rows) {
  std::vector<Line> lines{job_row(" ", "JOB", {"STATE"}, "POOL", "TIME", "WKR", "WHAT")};
  lines.front().invert();
  const auto chosen = chosen_jobs(data, view);
  const auto at = std::ranges::find_if(chosen, [&](const proto::Job* job) { return view.selected && job->id == *view.selected; });
  const std::size_t place = at == chosen.end() ? 0 : static_cast<std::size_t>(at - chosen.begin());
  const std::size_t first = rows == 0 ? 0 : place / rows * rows;  // page by page
  for (std::size_t i = first; i < chosen.size() && i < first + rows; ++i) {
    const proto::Job& job = *chosen[i];
    std::string what = printable(job.name.empty() ? job.description : job.name + ": " + job.description);
    if (!job.waiting_for.empty()) what.insert(0, "(for " + printable(job.waiting_for) + ") ");
    const bool is_selected = at != chosen.end() && i == place;
    lines.push_back(job_row(is_selected ? ">" : " ", text_of(static_cast<std::int64_t>(job.id.value)), short_state(job),
                            printable(job.pool), shown_time(job, data.now_usec), job.worker ? text_of(*job.worker) : "", what));
    if (is_selected) lines.back().invert();
  }
  if (chosen.empty()) lines.emplace_back(data.jobs.empty() ? "   no jobs" : "   none of the newest jobs fits; Escape shows all");
  return lines;
}

std::vector<Line> draw_explanation() {
  std::vector<Line> lines;
  for (const char* text :
       {"", "  up, down, j, k, page up, page down, home, end   select a job", "  c   cancel it (asks)", "  r   retry it (asks)",
        "  /   show only jobs with this in their number, name, state or command", "  Escape   show all jobs, select none",
        "  p   show the next pool only; after the last, all", "  s   sort: newest, oldest, state, time", "  space   stand still, or go on",
        "  q   quit", "", "  The running jobs and the newest 200 are shown; 'jobpool list' knows all."})
    lines.emplace_back(text);
  return lines;
}

constexpr std::array<std::string_view, 4> kSorts{"newest", "oldest", "state", "time"};

Line draw_footer(const TopData& data, const TopView& view) {
  if (view.typed) return Line("filter: " + printable(*view.typed) + "_   (Enter keeps it, Escape drops it)");
  if (view.question != TopView::Question::none) {
    const proto::Job* job = selected_job(data, view);
    const std::string what = job == nullptr ? "" : " (" + printable(job->description) + ")";
    Line line;
    line.add((view.question == TopView::Question::cancel ? "cancel job " : "retry job ") +
                 text_of(view.selected ? static_cast<std::int64_t>(view.selected->value) : 0) + "? y / n" + what,
             Ink::yellow);
    return line;
  }
  Line line;
  if (!view.trouble.empty()) {
    line.add(printable(view.trouble), Ink::red);
  } else if (!view.message.empty()) {
    line.add(printable(view.message), Ink::yellow);
  } else {
    if (!view.filter.empty()) line.add("[" + printable(view.filter) + "]  ", Ink::yellow);
    line.add("q quit  j k select  c cancel  r retry  / filter  p pool  s " + std::string{kSorts.at(static_cast<std::size_t>(view.sort))} +
             "  ? help");
  }
  return line;
}

}  // namespace

std::vector<std::string> draw_top(const TopData& data, const TopView& view, ScreenSize size, Colours colours) {
  std::vector<Line> lines{draw_headline(data, view)};
  const auto append = [&lines](std::vector<Line> more) { lines.insert(lines.end(), more.begin(), more.end()); };
  append(draw_totals(data));
  const auto room = [&] { return size.rows > lines.size() + 2 ? size.rows - lines.size() - 2 : 0; };  // for jobs, under their titles
  if (auto some = draw_pools(data, view, std::max<std::size_t>(size.rows / 6, 1)); room() >= some.size() + kFewestJobRows)
    append(std::move(some));
  if (auto some = draw_workers(data, view, size.columns, size.rows < 40 ? 1 : 3); room() >= some.size() + kFewestJobRows)
    append(std::move(some));
  append(view.explains ? draw_explanation() : draw_jobs(data, view, room()));
  lines.resize(size.rows == 0 ? 0 : size.rows - 1);
  if (size.rows > 0) lines.push_back(draw_footer(data, view));
  std::vector<std::string> drawn;
  for (const Line& line : lines) drawn.push_back(line.text(size.columns, colours));
  return drawn;
}

}  // namespace jobpool::cli
