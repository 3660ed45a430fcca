// What many cost one: p99 of `apply @noop` with 2,000 connections and 256 workers, beside two connections and two workers, at the same
// rate: half of what the two get done when they are never idle.
//   connections [--connections=2000] [--workers=256] [--calls=20000] [--rounds=5] [--load=50]
// Latency counts from when a call was to be made. The two are the floor. In a round they take turns: what disturbs the machine for a second
// would else be in the p99 of one of them alone.
#include <algorithm>
#include <utility>
#include <vector>

#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/private_daemon.hpp"

namespace jobpool::bench {
namespace {

constexpr long kTurn = 4'000;

// A tenth goes ahead of what is measured: the other one ran last, and caches are its.
void offer(Load& load, long calls, double per_second, std::vector<double>& taken) {
  load.offer(calls / 10, per_second);
  const std::vector<double> more = load.offer(calls, per_second);
  taken.insert(taken.end(), more.begin(), more.end());
}

void print_load(const std::string& name, const Latency& latency) {
  print_figure(name + ".p50", latency.p50, "us");
  print_figure(name + ".p99", latency.p99, "us");
}

}  // namespace

int connections(int argc, char** argv) {
  const long calls = option(argc, argv, "calls", 20'000);
  const PrivateDaemon daemon_of_two(2), daemon_of_many(static_cast<int>(option(argc, argv, "workers", 256)));
  Load two(daemon_of_two.socket(), 2), many(daemon_of_many.socket(), option(argc, argv, "connections", 2'000));
  two.saturate(calls / 4);
  many.saturate(calls / 4);

  Latency of_two, of_many;
  std::vector<double> rate, rate_of_many;
  for (long round = option(argc, argv, "rounds", 5); round > 0; --round) {
    rate.push_back(two.saturate(calls));
    rate_of_many.push_back(many.saturate(calls));
    const double offered = rate.back() * static_cast<double>(option(argc, argv, "load", 50)) / 100;
    std::vector<double> taken_by_two, taken_by_many;
    for (long left = calls; left > 0; left -= kTurn) {
      offer(two, std::min(left, kTurn), offered, taken_by_two);
      offer(many, std::min(left, kTurn), offered, taken_by_many);
    }
    of_two.add(std::move(taken_by_two));
    of_many.add(std::move(taken_by_many));
  }
  print_figure("two.saturated", rate, "calls/s");
  print_figure("many.saturated", rate_of_many, "calls/s");
  print_load("two", of_two);
  print_load("many", of_many);
  print_ratio("many/two.p50", of_many.p50, of_two.p50);
  print_ratio("many/two.p99", of_many.p99, of_two.p99);
  return 0;
}

}  // namespace jobpool::bench
