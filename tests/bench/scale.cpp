// Curves: what a call costs, and how many are done a second, against the number of something.
//   scale --axis=queued [--part=latency|rate] [--most=1000000] [--calls=2000] [--rounds=3]
//   scale --axis=workers [--most=256]  ·  scale --axis=connections [--most=2000]  ·  scale --axis=payload [--most=16777000]
// queued: jobs that wait in another pool, whose workers are none. workers: one connection calls, one pipelines. connections: all of them
// call, as fast as they are answered; and with a given rate for all of them together. payload: bytes there, and back.
#include <algorithm>
#include <string>

#include "jobpool/client.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/pipelining.hpp"
#include "tests/bench/private_daemon.hpp"

namespace jobpool::bench {
namespace {

struct Size {
  long most, calls, rounds;
  bool latency, rate;  // which of the two is wanted: one is best measured on one CPU, the other on all
};

const std::string kQuickNoop = submission(R"({"function":"noop","durable":false})");
const std::string kDeepNoop = submission(R"({"function":"noop","durable":false,"pool":"deep"})");

// Of each round one.
template <class Measure>
std::vector<double> in_rounds(const Size& size, const Measure& measure) {
  std::vector<double> rounds;
  for (long round = 0; round < size.rounds; ++round) rounds.push_back(measure());
  return rounds;
}

void print_latency(const std::string& key, long x, const Latency& latency) {
  print_point(key + ".p50", static_cast<double>(x), latency.p50, "us");
  print_point(key + ".p99", static_cast<double>(x), latency.p99, "us");
}

Latency latency_of(const Size& size, const std::function<void()>& call) {
  Latency latency;
  for (long round = 0; round < size.rounds; ++round) latency.measure(size.calls, call);
  return latency;
}

void run_pipelined(int connection, long jobs) {
  const std::string end = pipeline(connection, wait_call_for(pipeline(connection, kQuickNoop, jobs, jobs)), 1, 1);
  if (end.find("error") != std::string::npos) give_up("Wait: " + end);
}

void curve_of_queued(const Size& size) {
  const PrivateDaemon daemon(1);
  const Client client(daemon.socket());
  const Pool deep = client.create_pool("deep", {.workers = 0}), quick = client.pool();
  const UniqueFd connection = connect_to(daemon.socket());
  long queued = 0;
  for (long x = 10; x <= size.most; x *= 10) {
    if (x > queued) check_accepted(pipeline(connection.get(), kDeepNoop, x - queued, x - queued));
    queued = std::max(queued, x);
    if (size.latency) print_latency("queued.apply", x, latency_of(size, [&] { quick.apply_text("noop", "[]"); }));
    if (!size.rate) continue;
    // These are queued as well; they are few against the many from a thousand on.
    const std::vector<double> rates = in_rounds(size, [&] {
      queued += size.calls;
      return rate_of(size.calls, [&] { check_accepted(pipeline(connection.get(), kDeepNoop, size.calls, size.calls)); });
    });
    print_point("queued.submit.rate", static_cast<double>(x), rates, "jobs/s");
  }
}

void curve_of_workers(const Size& size) {
  for (long x = 1; x <= size.most; x *= 2) {
    const PrivateDaemon daemon(static_cast<int>(x));
    const Client client(daemon.socket());
    const Pool pool = client.pool();
    const UniqueFd connection = connect_to(daemon.socket());
    if (size.latency) print_latency("workers.apply", x, latency_of(size, [&] { pool.apply_text("noop", "[]"); }));
    if (!size.rate) continue;
    const long jobs = size.calls * 5;
    run_pipelined(connection.get(), jobs);
    print_point("workers.rate", static_cast<double>(x),
                in_rounds(size, [&] { return rate_of(jobs, [&] { run_pipelined(connection.get(), jobs); }); }), "jobs/s");
  }
}

void curve_of_connections(const Size& size) {
  const PrivateDaemon daemon(2);
  double offered = 0;  // half of what one connection gets done: the same for all points
  std::vector<long> counts;
  for (long x = 1; x < size.most; x *= 4) counts.push_back(x);
  counts.push_back(size.most);
  for (const long x : counts) {
    Load load(daemon.socket(), x);
    const long calls = size.calls * 2 + x;
    const std::vector<double> rates = in_rounds(size, [&] { return load.saturate(calls); });
    if (size.rate) print_point("connections.rate", static_cast<double>(x), rates, "calls/s");
    if (offered == 0) offered = rates.back() / 2;
    if (!size.latency) continue;
    Latency latency;
    for (long round = 0; round < size.rounds; ++round) latency.add(load.offer(calls, offered));
    print_latency("connections.apply", x, latency);
  }
}

void curve_of_payload(const Size& size) {
  const PrivateDaemon daemon(1);
  const Client client(daemon.socket());
  const Pool pool = client.pool();
  std::vector<long> sizes{0};
  for (long x = 16; x < size.most; x *= 8) sizes.push_back(x);
  sizes.push_back(size.most);
  for (const long x : sizes) {
    const std::string arguments = "[\"" + std::string(static_cast<std::size_t>(x), 'x') + "\"]";
    // The large ones take a hundred times as long.
    Size fewer = size;
    fewer.calls = std::max(5L, std::min(size.calls, 200'000'000 / (x + 1)));
    const Latency latency = latency_of(fewer, [&] { pool.apply_text("echo", arguments); });
    if (size.latency) print_latency("payload.apply", x, latency);
    if (!size.rate) continue;
    std::vector<double> rates;
    for (const double p50 : latency.p50) rates.push_back(2 * static_cast<double>(x) / p50);
    print_point("payload.moved", static_cast<double>(x), rates, "MB/s");
  }
}

}  // namespace

int scale(int argc, char** argv) {
  const std::string axis = option(argc, argv, "axis", std::string());
  const auto size = [&](long most) {
    const std::string part = option(argc, argv, "part", std::string());
    return Size{option(argc, argv, "most", most), option(argc, argv, "calls", 2'000), option(argc, argv, "rounds", 3), part != "rate",
                part != "latency"};
  };
  if (axis == "queued") {
    curve_of_queued(size(1'000'000));
  } else if (axis == "workers") {
    curve_of_workers(size(256));
  } else if (axis == "connections") {
    curve_of_connections(size(2'000));
  } else if (axis == "payload") {
    curve_of_payload(size(16'777'000));
  } else {
    give_up("scale --axis=queued, workers, connections or payload");
  }
  return 0;
}

}  // namespace jobpool::bench
