// How long one `apply @noop` takes through the library, on one connection, beside the bare chain of wake-ups it cannot do without.
//   [taskset -c 0] apply_latency [--calls=10000] [--rounds=7]
#include "jobpool/client.hpp"
#include "tests/bench/bare_chain.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/private_daemon.hpp"

namespace {

using namespace jobpool::bench;

struct Latency {
  std::vector<double> p50, p99;  // one of each a round

  template <class Call>
  void measure(long calls, const Call& call) {
    std::vector<double> samples;
    samples.reserve(static_cast<std::size_t>(calls));
    for (long i = 0; i < calls / 10; ++i) call();  // the other side ran last: caches and the scheduler's history are its
    for (long i = 0; i < calls; ++i) {
      const auto begin = Clock::now();
      call();
      samples.push_back(microseconds_since(begin));
    }
    p50.push_back(percentile(samples, 0.50));
    p99.push_back(percentile(samples, 0.99));
  }
};

// As long as what the library sends for this call, its key included.
const std::string kMessage(130, 'x');

}  // namespace

int main(int argc, char** argv) {
  const long calls = option(argc, argv, "calls", 10'000);
  BareChain chain;
  const PrivateDaemon daemon(1);
  const jobpool::Client client(daemon.socket());
  const jobpool::Pool pool = client.pool();

  Latency ours, floor;
  for (long round = option(argc, argv, "rounds", 7); round > 0; --round) {
    ours.measure(calls, [&] { pool.apply_text("noop", "[]"); });
    floor.measure(calls, [&] { chain.call(kMessage); });
  }
  print_figure("apply.p50", ours.p50, "us");
  print_figure("apply.p99", ours.p99, "us");
  print_figure("chain.p50", floor.p50, "us");
  print_figure("chain.p99", floor.p99, "us");
  print_ratio("apply/chain.p50", ours.p50, floor.p50);
  print_ratio("apply/chain.p99", ours.p99, floor.p99);
  print_ratio("apply.p99/apply.p50", ours.p99, ours.p50);
  return 0;
}
