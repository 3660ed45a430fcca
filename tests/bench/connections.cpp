// What many cost one: p99 of `apply @noop` with 2,000 connections and 256 workers, beside two connections and two workers, at the same
// rate: half of what the two get done when they are never idle.
//   connections [--connections=2000] [--workers=256] [--calls=20000] [--rounds=5] [--load=50]
// Latency counts from when a call was to be made. The two are the floor.
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/private_daemon.hpp"

namespace jobpool::bench {
namespace {

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
    of_two.add(two.offer(calls, offered));
    of_many.add(many.offer(calls, offered));
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
