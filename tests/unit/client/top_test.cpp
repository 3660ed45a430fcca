// jobpool top without a terminal: keys in, choices and lines out.
#include <algorithm>

#include "client/cli/top/control.hpp"
#include "client/cli/top/fetch.hpp"
#include "client/cli/top/fit.hpp"
#include "client/cli/top/frame.hpp"
#include "client/cli/top/keys.hpp"
#include "client/cli/top/screen_writer.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/checked_json.hpp"

using namespace jobpool;
using namespace jobpool::cli;

namespace {

proto::Job job(std::uint64_t id, JobState state, const std::string& what, const std::string& pool = "default") {
  proto::Job one;
  one.id = JobId{id};
  one.state = state;
  one.description = what;
  one.pool = pool;
  one.since_usec = 999'000'000;
  return one;
}

TopData some_data() {
  TopData data;
  data.now_usec = 1'000'000'000;
  data.status.version = "0.1.0";
  data.status.uptime_usec = 185'000'000;
  data.status.pools = {{"default", "running", 2, 1, 1, 4, 1, 1, 12}, {"images", "paused", 1, 1, 0, 0, 0, 0, 0}};
  data.stats.recent_usec = 10'000'000;
  data.stats.total.recent_accepted = 123;
  data.stats.total.recent_ended = 5;
  data.stats.total.queueing = {9, 1, 1, 1, 1'200, 1, 45'000};
  data.workers = {{"default", {1, 100, "running", JobId{7}, 3}}, {"default", {2, 101, "idle", {}, 9}}, {"images", {3, 102, "idle", {}, 0}}};
  data.jobs = {job(5, JobState::done, "true"), job(6, JobState::waiting, "./report.sh"), job(7, JobState::running, "sleep 1000"),
               job(8, JobState::ready, "make -j4"), job(9, JobState::ready, "convert", "images")};
  data.jobs[0].outcome = Outcome::failed;
  data.jobs[0].exit_code = 3;
  data.jobs[1].waiting_for = "a delay";
  data.jobs[2].running_time_usec = 1'000'000;
  data.jobs[2].worker = 1;
  return data;
}

std::string all_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::vector<std::uint64_t> ids(const TopData& data, const TopView& view) {
  std::vector<std::uint64_t> all;
  for (const proto::Job* one : chosen_jobs(data, view)) all.push_back(one->id.value);
  return all;
}

TopAction press(const std::string& bytes, const TopData& data, TopView& view) {
  KeyReader reader;
  TopAction last;
  for (const Key& key : reader.feed(bytes)) last = act(key, data, view);
  return last;
}

using Ids = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("a picture is exactly as large as the screen, whatever that is") {
  const TopData data = some_data();
  TopView view;
  for (const bool explains : {false, true})
    for (const ScreenSize size : {ScreenSize{80, 24}, {80, 50}, {200, 60}, {40, 10}, {10, 5}, {80, 2}, {80, 1}, {1, 1}, {80, 0}}) {
      INFO(size.columns << " x " << size.rows);
      view.explains = explains;
      const auto lines = draw_top(data, view, size, Colours::not_wanted);
      CHECK(lines.size() == size.rows);
      for (const std::string& line : lines) {
        CHECK(columns_of(line) <= size.columns);
        CHECK(line.find('\x1b') == std::string::npos);
      }
    }
}

TEST_CASE("80 by 24 shows daemon, numbers, pools, workers, jobs and keys") {
  const std::string text = all_of(draw_top(some_data(), {}, {80, 24}, Colours::not_wanted));
  INFO(text);
  for (const char* part : {"jobpool 0.1.0", "up 3m05s", "4 ready  1 running  1 waiting  12 done", "in 12.3/s  out 0.5/s",
                           "ready 1.20ms / 45.0ms", "POOL", "images", "paused", "workers  1:job 7 2:idle 3:idle", "JOB", "failed 3",
                           "sleep 1000", "(for a delay) ./report.sh", "q quit", "s newest"})
    CHECK(text.find(part) != std::string::npos);
}

TEST_CASE("one restart is no restarts") {
  TopData data = some_data();
  data.status.worker_restarts = 1;
  data.status.broker_restarts = 2;
  const std::string text = all_of(draw_top(data, {}, {120, 24}, Colours::not_wanted));
  CHECK(text.find("1 worker restart  2 broker restarts") != std::string::npos);
}

TEST_CASE("on a small screen the jobs stay, and what is above them gives way") {
  const std::string text = all_of(draw_top(some_data(), {}, {80, 9}, Colours::not_wanted));
  CHECK(text.find("sleep 1000") != std::string::npos);
  CHECK(text.find("POOL") != std::string::npos);  // as a title of the jobs
  CHECK(text.find("WORKERS") == std::string::npos);
}

TEST_CASE("colours are escape sequences that each end in the same line, and there are none unless they are wanted") {
  TopView view;
  view.selected = JobId{7};
  for (const std::string& line : draw_top(some_data(), view, {80, 24}, Colours::wanted)) {
    const std::size_t last = line.rfind('\x1b');
    if (last != std::string::npos) CHECK(line.compare(last, 4, "\x1b[0m") == 0);
  }
}

TEST_CASE("a job's command cannot write to the terminal") {
  TopData data = some_data();
  data.jobs.push_back(job(10, JobState::ready, "\x1b[2Jboo\x07"));
  CHECK(all_of(draw_top(data, {}, {80, 24}, Colours::not_wanted)).find('\x1b') == std::string::npos);
}

TEST_CASE("keys are put together from what the terminal sends, also in pieces") {
  using Kind = Key::Kind;
  KeyReader reader;
  CHECK(reader.feed("q\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[1~\x1b[F\r\x7f") == std::vector<Key>{{Kind::character, "q"},
                                                                                          {Kind::up},
                                                                                          {Kind::down},
                                                                                          {Kind::page_up},
                                                                                          {Kind::page_down},
                                                                                          {Kind::home},
                                                                                          {Kind::end},
                                                                                          {Kind::enter},
                                                                                          {Kind::backspace}});
  CHECK(reader.feed("\x1b") == std::vector<Key>{{Kind::escape}});
  CHECK(reader.feed("\x1b[200~x") == std::vector<Key>{{Kind::character, "x"}});  // nothing that means anything here
  CHECK(reader.feed("\xe5\xb0").empty());
  CHECK(reader.feed("\xb1") == std::vector<Key>{{Kind::character, "\u5c31"}});
  CHECK(reader.feed(std::string("\0\x01\t", 3)).empty());
}

TEST_CASE("jobs are sorted, filtered and shown of one pool") {
  const TopData data = some_data();
  TopView view;
  CHECK(ids(data, view) == Ids{9, 8, 7, 6, 5});
  press("s", data, view);
  CHECK(ids(data, view) == Ids{5, 6, 7, 8, 9});
  press("s", data, view);
  CHECK(ids(data, view) == Ids{7, 6, 9, 8, 5});
  press("s", data, view);
  CHECK(ids(data, view).front() == 7);
  press("sp", data, view);
  CHECK(view.pool == "default");
  CHECK(ids(data, view) == Ids{8, 7, 6, 5});
  press("p", data, view);
  CHECK(ids(data, view) == Ids{9});
  press("p", data, view);
  CHECK(view.pool.empty());
  press("/slee", data, view);
  CHECK(ids(data, view) == Ids{7});  // while it is typed
  press("p\x7f\r", data, view);
  CHECK(view.filter == "slee");
  press("/q\x1b", data, view);  // q is a letter there; Escape drops it
  CHECK(view.filter == "slee");
  press("\x1b", data, view);
  CHECK(ids(data, view).size() == 5);
  press("/failed\r", data, view);
  CHECK(ids(data, view) == Ids{5});
}

TEST_CASE("a selection goes with its job, and stays on the screen") {
  TopData data = some_data();
  for (std::uint64_t id = 100; id < 200; ++id) data.jobs.push_back(job(id, JobState::ready, "job number " + std::to_string(id)));
  TopView view;
  press("\x1b[B", data, view);
  CHECK(view.selected == JobId{199});
  press("\x1b[6~j", data, view);
  CHECK(view.selected == JobId{188});
  press("k\x1b[5~\x1b[A\x1b[A", data, view);
  CHECK(view.selected == JobId{199});
  press("\x1b[F", data, view);
  CHECK(view.selected == JobId{5});
  CHECK(all_of(draw_top(data, view, {80, 24}, Colours::not_wanted)).find(">        5 ") != std::string::npos);
  press("\x1b[H", data, view);
  CHECK(view.selected == JobId{199});
}

TEST_CASE("cancel and retry ask first, and only of jobs that they fit") {
  const TopData data = some_data();
  TopView view;
  CHECK(press("c", data, view).kind == TopAction::Kind::none);
  CHECK(view.message.find("select a job first") != std::string::npos);
  view.selected = JobId{7};
  CHECK(press("c", data, view).kind == TopAction::Kind::none);
  CHECK(draw_top(data, view, {80, 24}, Colours::not_wanted).back().starts_with("cancel job 7? y / n (sleep 1000)"));
  CHECK(press("n", data, view).kind == TopAction::Kind::none);
  CHECK(view.question == TopView::Question::none);
  const TopAction cancel = press("cy", data, view);
  CHECK(cancel.kind == TopAction::Kind::cancel);
  CHECK(cancel.job == JobId{7});
  CHECK(press("ry", data, view).kind == TopAction::Kind::none);
  view.selected = JobId{5};
  CHECK(press("cy", data, view).kind == TopAction::Kind::none);
  CHECK(press("ry", data, view).kind == TopAction::Kind::retry);
  CHECK(press("q", data, view).kind == TopAction::Kind::quit);
  press(" ", data, view);
  CHECK(view.frozen);
  press("?", data, view);
  CHECK(all_of(draw_top(data, view, {80, 24}, Colours::not_wanted)).find("stand still") != std::string::npos);
}

TEST_CASE("only lines that have changed are written") {
  ScreenWriter writer;
  CHECK(writer.update({"a", "b"}) == "\x1b[2J\x1b[1;1H\x1b[2Ka\x1b[2;1H\x1b[2Kb");
  CHECK(writer.update({"a", "b"}).empty());
  CHECK(writer.update({"a", "c"}) == "\x1b[2;1H\x1b[2Kc");
  CHECK(writer.update({"a"}).starts_with("\x1b[2J"));
  writer.forget();
  CHECK(writer.update({"a"}).starts_with("\x1b[2J"));
}

TEST_CASE("text is cut and padded by characters") {
  CHECK(fit("abc", 5) == "abc  ");
  CHECK(fit("abc", 5, Side::right) == "  abc");
  CHECK(fit("abcdef", 4) == "abc\u2026");
  CHECK(fit("\u5c31\u7eea\u5c31", 2) == "\u5c31\u2026");
  CHECK(fit("abc", 0).empty());
}

TEST_CASE("what is asked for a picture does not grow with the jobs, and what is gone meanwhile is no error") {
  std::vector<std::string> asked;
  const AskDaemon ask = [&](std::string_view method, const std::string& parameters,
                            proto::CallMode) -> Result<std::vector<proto::JsonObject>> {
    asked.push_back(std::string{method} + parameters);
    const auto parsed = [](const std::string& text) { return std::vector{proto::JsonObject(checked(text))}; };
    const TopData data = some_data();
    if (method == "org.jobpool.Pool.Status") return parsed(proto::write_status(data.status));
    if (method == "org.jobpool.Pool.Stats") return parsed(proto::write_stats(data.stats));
    if (method == "org.jobpool.Pool.Show") {
      if (parameters.find("images") != std::string::npos) return Error{Errc::not_found, "pool 'images': no such pool"};
      proto::PoolInfo pool;
      static_cast<proto::PoolStatus&>(pool) = data.status.pools[0];
      pool.worker_list = {{1, 100, "running", JobId{7}, 3}, {2, 101, "running", JobId{1'000}, 3}};
      return parsed(proto::write_pool(pool));
    }
    if (method == "org.jobpool.Job.List") {
      std::vector<proto::JsonObject> replies;
      for (const proto::Job& one : data.jobs) replies.emplace_back(checked(proto::write_job(one)));
      replies.emplace_back();
      return replies;
    }
    if (method == "org.jobpool.Job.Show") return Error{Errc::not_found, "job 1000: no such job"};
    return Error{Errc::unsupported, std::string{method}};
  };
  const auto data = fetch_top(ask, {});
  REQUIRE(data);
  CHECK(data->jobs.size() == 5);
  CHECK(data->workers.size() == 2);
  CHECK(std::ranges::count(asked, "org.jobpool.Job.Show{\"id\":1000}") == 1);
  CHECK(std::ranges::count(asked, "org.jobpool.Job.List{\"limit\":200}") == 1);
  const AskDaemon silent = [](std::string_view, const std::string&, proto::CallMode) -> Result<std::vector<proto::JsonObject>> {
    return Error{Errc::closed, "nobody"};
  };
  CHECK(fetch_top(silent, {}).error().text == "nobody");
}
