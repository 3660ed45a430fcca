// How many `ApplyAsync @noop` a second one pipelining connection gets done by two workers, from the first submit to the last outcome,
// beside the bare stream of messages that the design cannot do without, and beside the peers, each until its two workers have done the
// last: Python's apply_async; beanstalkd's puts, 64 to a write and one at a time; gearmand's background jobs, one at a time through its
// library, and 64 to a write by its bare protocol.
//   async_rate [--jobs=100000] [--rounds=5] [--workers=2] [--durable=0] [--peers=1] [--peer-jobs=20000]
// Durable, each id is answered after its commit; the floor is then rows through a bare SQLite connection, a thousand to a transaction, and
// the peers are beanstalkd with fsync (a tenth of the jobs) and gearmand with its SQLite queue (a hundredth).
// The last outcome is seen by one Job.Wait for all ids, on the same connection.
#include <algorithm>
#include <optional>

#include "tests/bench/bare_commits.hpp"
#include "tests/bench/bare_stream.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/peers/beanstalkd.hpp"
#include "tests/bench/peers/gearman_library.hpp"
#include "tests/bench/peers/gearman_protocol.hpp"
#include "tests/bench/peers/python_pool.hpp"
#include "tests/bench/pipelining.hpp"
#include "tests/bench/private_daemon.hpp"

namespace jobpool::bench {
namespace {

const std::string kEphemeral = submission(R"({"function":"noop","durable":false})"), kDurable = submission(R"({"function":"noop"})");
constexpr long kFloorLonger = 10;  // times as many messages, to measure for longer than a scheduler tick
constexpr long kRowsInCommit = 1'000;
constexpr std::size_t kJobRowBytes = 100;

double jobs_per_second(int socket, const std::string& submit, long jobs, double& submitted_per_second) {
  const auto begin = Clock::now();
  const std::string answers = pipeline(socket, submit, jobs, jobs);
  submitted_per_second = static_cast<double>(jobs) * 1e6 / microseconds_since(begin);
  const std::string end = pipeline(socket, wait_call_for(answers), 1, 1);
  if (end.find("error") != std::string::npos) give_up("Wait: " + end);
  return static_cast<double>(jobs) * 1e6 / microseconds_since(begin);
}

class RatePeers {
 public:
  RatePeers(const std::string& folder, int workers, bool durable, long jobs)
      : jobs_(jobs),
        beanstalkd_jobs_(durable ? jobs / 10 : jobs),
        gearmand_jobs_(durable ? jobs / 100 : jobs),
        python_(durable ? nullptr : PythonPool::start(workers)),
        beanstalkd_(Beanstalkd::start(folder, durable ? Beanstalkd::Log::fsync : Beanstalkd::Log::none, workers)),
        gearman_library_(GearmanLibrary::start(folder, queue(durable), workers)),
        gearman_protocol_(GearmanProtocol::start(folder, queue(durable), workers)) {}

  void measure() {
    if (python_) of_python_.push_back(static_cast<double>(jobs_) / python_->ask("apply_async", jobs_).at(0));
    if (beanstalkd_) {
      of_beanstalkd_.push_back(rate_of(beanstalkd_jobs_, [&] { beanstalkd_->run(beanstalkd_jobs_, 1); }));
      of_beanstalkd_pipelined_.push_back(rate_of(beanstalkd_jobs_, [&] { beanstalkd_->run(beanstalkd_jobs_, kDepth); }));
    }
    if (gearman_library_) of_gearman_library_.push_back(rate_of(gearmand_jobs_, [&] { gearman_library_->run(gearmand_jobs_); }));
    if (gearman_protocol_)
      of_gearman_pipelined_.push_back(rate_of(gearmand_jobs_, [&] { gearman_protocol_->run(gearmand_jobs_, kDepth); }));
  }
  void print(const std::vector<double>& ours) const {
    const auto print_one = [&](const std::string& name, const std::vector<double>& rate) {
      if (!rate.empty()) print_figure(name + ".done", rate, "jobs/s");
      print_ratio("async.done/" + name, ours, rate);
    };
    print_one("python", of_python_);
    print_one("beanstalkd.one", of_beanstalkd_);
    print_one("beanstalkd.pipelined", of_beanstalkd_pipelined_);
    print_one("gearmand.library", of_gearman_library_);
    print_one("gearmand.pipelined", of_gearman_pipelined_);
  }

 private:
  static constexpr long kDepth = 64;

  static Gearmand::Queue queue(bool durable) { return durable ? Gearmand::Queue::sqlite : Gearmand::Queue::memory; }

  const long jobs_, beanstalkd_jobs_, gearmand_jobs_;
  std::unique_ptr<PythonPool> python_;
  std::unique_ptr<Beanstalkd> beanstalkd_;
  std::unique_ptr<GearmanLibrary> gearman_library_;
  std::unique_ptr<GearmanProtocol> gearman_protocol_;
  std::vector<double> of_python_, of_beanstalkd_, of_beanstalkd_pipelined_, of_gearman_library_, of_gearman_pipelined_;
};

}  // namespace

int async_rate(int argc, char** argv) {
  const long jobs = std::min(option(argc, argv, "jobs", 100'000), 100'000L);  // as many ids as one Wait takes
  const int workers = static_cast<int>(option(argc, argv, "workers", 2));
  const bool durable = option(argc, argv, "durable", 0) != 0;
  BareStream stream(workers);
  const PrivateDaemon daemon(workers);
  std::optional<RatePeers> peers;
  if (option(argc, argv, "peers", 1) != 0) peers.emplace(daemon.folder(), workers, durable, option(argc, argv, "peer-jobs", 20'000));
  BareCommits commits(daemon.folder(), kJobRowBytes);
  const UniqueFd connection = connect_to(daemon.socket());

  std::vector<double> submitted, done, floor;
  for (long round = option(argc, argv, "rounds", 5); round > 0; --round) {
    submitted.emplace_back();
    done.push_back(jobs_per_second(connection.get(), durable ? kDurable : kEphemeral, jobs, submitted.back()));
    const long units = durable ? jobs : kFloorLonger * jobs;
    floor.push_back(rate_of(units, [&] {
      if (!durable) return static_cast<void>(pipeline(stream.socket(), BareStream::request(), units, units));
      for (long left = units; left > 0; left -= kRowsInCommit) commits.commit(std::min(left, kRowsInCommit));
    }));
    if (peers) peers->measure();
  }
  const std::string floor_name = durable ? "rows" : "stream.done";
  print_figure("async.done", done, "jobs/s");
  print_figure("async.accepted", submitted, "jobs/s");
  print_figure(floor_name, floor, durable ? "rows/s" : "jobs/s");
  print_ratio("async.done/" + floor_name, done, floor);
  if (peers) peers->print(done);
  return 0;
}

}  // namespace jobpool::bench
