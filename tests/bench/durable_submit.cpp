// What "accepted is durable" costs a client: one submit at a time, and 64 in flight, beside bare SQLite commits (WAL, FULL) of one row of
// about the same bytes in the same folder.
//   durable_submit [--rounds=7] [--singles=300] [--jobs=20000] [--in-flight=64]
// queued: no worker takes them; run: two workers run each (@noop), and record its start and its end beside the submits.
#include <algorithm>

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
  std::vector<double> p50, rate;  // one of each a round

  void singles(long times, const std::function<void()>& submit) { p50.push_back(median_of(times, submit)); }
  void many(long jobs, const std::function<void()>& submit_all) {
    const auto begin = Clock::now();
    submit_all();
    rate.push_back(static_cast<double>(jobs) * 1e6 / microseconds_since(begin));
  }
};

}  // namespace

int durable_submit(int argc, char** argv) {
  const long singles = option(argc, argv, "singles", 300), jobs = option(argc, argv, "jobs", 20'000);
  const long in_flight = option(argc, argv, "in-flight", 64);
  SubmitSide queued(0), run(2);
  BareCommits bare(queued.daemon().folder(), kRowBytes);

  SubmitFigures floor, of_queued, of_run;
  for (long round = option(argc, argv, "rounds", 7); round > 0; --round) {
    floor.singles(singles, [&] { bare.commit(1); });
    of_queued.singles(singles, [&] { queued.submit(1, 1); });
    of_run.singles(singles, [&] { run.submit(1, 1); });
    floor.many(singles, [&] {
      for (long i = 0; i < singles; ++i) bare.commit(1);
    });
    of_queued.many(jobs, [&] { queued.submit(jobs, in_flight); });
    of_run.many(jobs, [&] { run.submit(jobs, in_flight); });
  }
  print_figure("commit.bare.p50", floor.p50, "us");
  print_figure("submit.queued.p50", of_queued.p50, "us");
  print_figure("submit.run.p50", of_run.p50, "us");
  print_ratio("submit.queued/commit.bare", of_queued.p50, floor.p50);
  print_ratio("submit.run/commit.bare", of_run.p50, floor.p50);
  print_figure("commit.bare.rate", floor.rate, "commits/s");
  print_figure("submit64.queued.rate", of_queued.rate, "jobs/s");
  print_figure("submit64.run.rate", of_run.rate, "jobs/s");
  print_ratio("submit64.queued/commit.bare", of_queued.rate, floor.rate);
  print_ratio("submit64.run/commit.bare", of_run.rate, floor.rate);
  return 0;
}

}  // namespace jobpool::bench
