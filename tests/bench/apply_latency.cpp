// How long one `apply @noop` takes through the library, on one connection, beside the bare chain of wake-ups it cannot do without, and
// beside the peers: Python's Pool.apply, beanstalkd's put, reserve and delete, and gearmand's foreground job, by its library as by its bare
// protocol.
//   apply_latency [--one-cpu] [--calls=10000] [--rounds=7] [--peers=1]
#include <optional>

#include "jobpool/client.hpp"
#include "tests/bench/bare_chain.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/peers/beanstalkd.hpp"
#include "tests/bench/peers/gearman_library.hpp"
#include "tests/bench/peers/gearman_protocol.hpp"
#include "tests/bench/peers/python_pool.hpp"
#include "tests/bench/private_daemon.hpp"

namespace jobpool::bench {
namespace {

// As long as what the library sends for this call, its key included.
const std::string kCallMessage(130, 'x');

class LatencyPeers {
 public:
  explicit LatencyPeers(const std::string& folder)
      : python_(PythonPool::start(1)),
        beanstalkd_(Beanstalkd::start(folder, Beanstalkd::Log::none, 0)),
        gearman_library_(GearmanLibrary::start(folder, Gearmand::Queue::memory, 1)),
        gearman_protocol_(GearmanProtocol::start(folder, Gearmand::Queue::memory, 1)) {}

  void measure(long calls) {
    if (python_) {
      const std::vector<double> figures = python_->ask("apply", calls);
      of_python_.p50.push_back(figures.at(0));
      of_python_.p99.push_back(figures.at(1));
    }
    if (beanstalkd_) of_beanstalkd_.measure(calls, [&] { beanstalkd_->cycle(); });
    if (gearman_library_) of_gearman_library_.measure(calls, [&] { gearman_library_->call(); });
    if (gearman_protocol_) of_gearman_protocol_.measure(calls, [&] { gearman_protocol_->call(); });
  }
  void print(const Latency& ours) const {
    const auto print_one = [&](const std::string& name, const Latency& latency) {
      if (latency.p50.empty()) return;
      print_figure(name + ".p50", latency.p50, "us");
      print_figure(name + ".p99", latency.p99, "us");
      print_ratio("apply/" + name + ".p50", ours.p50, latency.p50);
    };
    print_one("python", of_python_);
    print_one("beanstalkd", of_beanstalkd_);
    print_one("gearmand.library", of_gearman_library_);
    print_one("gearmand.protocol", of_gearman_protocol_);
  }

 private:
  std::unique_ptr<PythonPool> python_;
  std::unique_ptr<Beanstalkd> beanstalkd_;
  std::unique_ptr<GearmanLibrary> gearman_library_;
  std::unique_ptr<GearmanProtocol> gearman_protocol_;
  Latency of_python_, of_beanstalkd_, of_gearman_library_, of_gearman_protocol_;
};

}  // namespace

int apply_latency(int argc, char** argv) {
  const long calls = option(argc, argv, "calls", 10'000);
  BareChain chain;
  const PrivateDaemon daemon(1);
  std::optional<LatencyPeers> peers;
  if (option(argc, argv, "peers", 1) != 0) peers.emplace(daemon.folder());
  const Client client(daemon.socket());
  const Pool pool = client.pool();

  Latency ours, floor;
  for (long round = option(argc, argv, "rounds", 7); round > 0; --round) {
    ours.measure(calls, [&] { pool.apply_text("noop", "[]"); });
    floor.measure(calls, [&] { chain.call(kCallMessage); });
    if (peers) peers->measure(calls);
  }
  print_figure("apply.p50", ours.p50, "us");
  print_figure("apply.p99", ours.p99, "us");
  print_figure("chain.p50", floor.p50, "us");
  print_figure("chain.p99", floor.p99, "us");
  print_ratio("apply/chain.p50", ours.p50, floor.p50);
  print_ratio("apply/chain.p99", ours.p99, floor.p99);
  print_ratio("apply.p99/apply.p50", ours.p99, ours.p50);
  if (peers) peers->print(ours);
  return 0;
}

}  // namespace jobpool::bench
