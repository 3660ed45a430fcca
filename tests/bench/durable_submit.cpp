// What "accepted is durable" costs a client: one submit at a time, and 64 in flight, beside bare SQLite commits (WAL, FULL) of one row of
// about the same bytes in the same folder.
//   durable_submit [--rounds=7] [--singles=600] [--turn=50] [--warm-up=1200] [--jobs=20000] [--in-flight=64]
// chain: the same commit in another process, asked for through the bare chain of four wake-ups (client, daemon, store, daemon, client):
// what no daemon can do without whose clients do not commit themselves, and whose loop does not stand still meanwhile. The floors and ours
// take turns of --turn singles: what a commit costs changes from one second to the next. Before, so many are committed by each that its log
// is past its first checkpoint: from there on it is written over in place, which the disk does quicker than it appends, and which is how a
// daemon that has run for a minute is. queued: no worker takes them; run: two workers run each (@noop), and record its start and its end
// beside the submits.
#include <algorithm>
#include <filesystem>
#include <memory>

#include "tests/bench/bare_chain.hpp"
#include "tests/bench/bare_commits.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/pipelining.hpp"
#include "tests/bench/private_daemon.hpp"

namespace jobpool::bench {
namespace {

constexpr std::size_t kRowBytes = 100;  // of job and attempt, without the key of the table
const std::string kSubmit = submission(R"({"function":"noop","durable":true})");

// A daemon, and a floor in its folder.
BareChain::Work bare_commit_in(const std::string& folder) {
  std::filesystem::create_directory(folder);
  return [bare = std::make_shared<BareCommits>(folder, kRowBytes)] { bare->commit(1); };
}

class SubmitSide {
 public:
  explicit SubmitSide(int workers) : daemon_(workers), connection_(connect_to(daemon_.socket())) {}

  void submit(long jobs, long in_flight) { check_accepted(pipeline(connection_.get(), kSubmit, jobs, jobs, in_flight)); }
  const PrivateDaemon& daemon() const { return daemon_; }

 private:
  PrivateDaemon daemon_;
  UniqueFd connection_;
};

struct SubmitFigures {
  std::vector<double> samples;    // of this round's singles, in microseconds
  std::vector<double> p50, rate;  // one of each a round

  void singles(long times, const std::function<void()>& submit) {
    for (; times > 0; --times) {
      const auto begin = Clock::now();
      submit();
      samples.push_back(microseconds_since(begin));
    }
  }
  void end_of_singles() {
    p50.push_back(percentile(samples, 0.5));
    samples.clear();
  }
  void many(long jobs, const std::function<void()>& submit_all) {
    const auto begin = Clock::now();
    submit_all();
    rate.push_back(static_cast<double>(jobs) * 1e6 / microseconds_since(begin));
  }
};

}  // namespace

int durable_submit(int argc, char** argv) {
  const long singles = option(argc, argv, "singles", 600), jobs = option(argc, argv, "jobs", 20'000);
  const long in_flight = option(argc, argv, "in-flight", 64), turn = std::max(option(argc, argv, "turn", 50), 1L);
  SubmitSide queued(0), run(2);
  BareCommits bare(queued.daemon().folder(), kRowBytes);
  BareChain chain([&] { return bare_commit_in(queued.daemon().folder() + "/chain"); });

  for (long left = option(argc, argv, "warm-up", 1'200); left > 0; --left) {
    bare.commit(1);
    chain.call(kSubmit);
    queued.submit(1, 1);
    run.submit(1, 1);
  }
  SubmitFigures floor, of_chain, of_queued, of_run;
  for (long round = option(argc, argv, "rounds", 7); round > 0; --round) {
    for (long left = singles; left > 0; left -= turn) {
      const long times = std::min(left, turn);
      floor.singles(times, [&] { bare.commit(1); });
      of_chain.singles(times, [&] { chain.call(kSubmit); });
      of_queued.singles(times, [&] { queued.submit(1, 1); });
      of_run.singles(times, [&] { run.submit(1, 1); });
    }
    for (SubmitFigures* figures : {&floor, &of_chain, &of_queued, &of_run}) figures->end_of_singles();
    floor.many(singles, [&] {
      for (long i = 0; i < singles; ++i) bare.commit(1);
    });
    of_queued.many(jobs, [&] { queued.submit(jobs, in_flight); });
    of_run.many(jobs, [&] { run.submit(jobs, in_flight); });
  }
  print_figure("commit.bare.p50", floor.p50, "us");
  print_figure("chain.p50", of_chain.p50, "us");
  print_figure("submit.queued.p50", of_queued.p50, "us");
  print_figure("submit.run.p50", of_run.p50, "us");
  print_ratio("submit.queued/commit.bare", of_queued.p50, floor.p50);
  print_ratio("submit.run/commit.bare", of_run.p50, floor.p50);
  print_ratio("chain/commit.bare", of_chain.p50, floor.p50);
  print_ratio("submit.queued/chain", of_queued.p50, of_chain.p50);
  print_figure("commit.bare.rate", floor.rate, "commits/s");
  print_figure("submit64.queued.rate", of_queued.rate, "jobs/s");
  print_figure("submit64.run.rate", of_run.rate, "jobs/s");
  print_ratio("submit64.queued/commit.bare", of_queued.rate, floor.rate);
  print_ratio("submit64.run/commit.bare", of_run.rate, floor.rate);
  return 0;
}

}  // namespace jobpool::bench
