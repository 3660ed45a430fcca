// A deep queue: what a queued job costs the broker's memory, whether a submit is as fast behind a million as behind none, and how soon a
// daemon that was killed is back with them. No worker takes any.
//   million_queued [--jobs=1000000] [--rounds=5] [--submits=50000] [--durable=1] [--peers=1]
// The floor of the rate is the same daemon with an empty queue and an empty store, a fresh one each round: both files grow. The two take
// turns of 5,000 submits, some 20 ms: in rounds of 50,000 for each, one after the other, the machine's moods alone made ratios of 0.6
// to 1.3. Memory is the broker's PSS; what the kernel keeps of the store's file is not in it.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "common/huge_pages.hpp"
#include "jobpool/client.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/peers/beanstalkd.hpp"
#include "tests/bench/pipelining.hpp"
#include "tests/bench/private_daemon.hpp"
#include "tests/bench/process_facts.hpp"

namespace jobpool::bench {
namespace {

const std::string kStatus = std::string(R"({"method":"org.jobpool.Pool.Status","parameters":{}})") + '\0';

std::string square(bool durable) {
  return submission(std::string(R"({"function":"square","arguments":"[7]","durable":)") + (durable ? "true}" : "false}"));
}

constexpr long kSubmitsInTurn = 5'000;
constexpr std::size_t kBytesOfSubmit = 1024;  // what one takes in broker and client: less

double submit_seconds(const PrivateDaemon& daemon, long jobs, bool durable) {
  const UniqueFd connection = connect_to(daemon.socket());
  const auto begin = Clock::now();
  check_accepted(pipeline(connection.get(), square(durable), jobs, jobs));
  return microseconds_since(begin) / 1e6;
}

// The host of a virtual machine may take free memory away from it, huge pages first. What is touched then comes from the host: 5.7 ms for a
// huge page, of which one that is there takes 0.2, and 512 small ones 1.1. A deep queue grows by huge pages, and an empty one by small
// ones that another process had a moment ago: 0.7 of its rate was seen for that alone (1.0 where the kernel has no huge pages). So what
// both will take in a round is fetched before it.
void fetch_memory(std::size_t bytes) {
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) give_up(std::to_string(bytes) + " bytes of memory");
  prefer_huge_pages(memory, bytes);
  std::memset(memory, 1, bytes);
  ::munmap(memory, bytes);
}

// Returns "ready" as Status tells it.
long ready_jobs(const PrivateDaemon& daemon) {
  const UniqueFd connection = connect_to(daemon.socket());
  const std::string answer = pipeline(connection.get(), kStatus, 1, 1);
  const auto at = answer.find(R"("ready":)");
  if (at == std::string::npos) give_up("Status: " + answer);
  return std::atol(answer.c_str() + at + 8);
}

// What the same costs beanstalkd.
void print_beanstalkd(const std::string& folder, long jobs) {
  const auto beanstalkd = Beanstalkd::start(folder, Beanstalkd::Log::none, 0);
  if (!beanstalkd) return;
  const double before = pss_bytes(beanstalkd->pid());
  print_figure("beanstalkd.filling.rate", {rate_of(jobs, [&] { beanstalkd->fill(jobs); })}, "jobs/s");
  print_figure("beanstalkd.memory", {(pss_bytes(beanstalkd->pid()) - before) / static_cast<double>(jobs)}, "bytes/job");
}

}  // namespace

int million_queued(int argc, char** argv) {
  const long jobs = option(argc, argv, "jobs", 1'000'000), submits = option(argc, argv, "submits", 50'000);
  const bool durable = option(argc, argv, "durable", 1) != 0;
  const std::string kind = durable ? "durable" : "ephemeral";
  PrivateDaemon deep(0);
  const double before = pss_bytes(deep.broker_pid());
  print_figure(kind + ".filling.rate", {static_cast<double>(jobs) / submit_seconds(deep, jobs, durable)}, "jobs/s");
  print_figure(kind + ".memory", {(pss_bytes(deep.broker_pid()) - before) / static_cast<double>(jobs)}, "bytes/job");

  std::vector<double> behind_many, behind_none;
  for (long round = option(argc, argv, "rounds", 5); round > 0; --round) {
    const PrivateDaemon shallow(0);
    fetch_memory(2 * static_cast<std::size_t>(submits) * kBytesOfSubmit);
    submit_seconds(shallow, submits / 10, durable);  // code and memory that are used for the first time
    double none = 0, many = 0;
    for (long left = submits; left > 0; left -= kSubmitsInTurn) {
      none += submit_seconds(shallow, std::min(left, kSubmitsInTurn), durable);
      many += submit_seconds(deep, std::min(left, kSubmitsInTurn), durable);
    }
    behind_none.push_back(static_cast<double>(submits) / none);
    behind_many.push_back(static_cast<double>(submits) / many);
  }
  print_figure(kind + ".behind_none.rate", behind_none, "jobs/s");
  print_figure(kind + ".behind_many.rate", behind_many, "jobs/s");
  print_ratio(kind + ".many/none", behind_many, behind_none);

  const long queued = ready_jobs(deep);
  deep.kill();
  const auto begin = Clock::now();
  deep.start();
  const long found = ready_jobs(deep);
  print_figure(kind + ".restart", {microseconds_since(begin) / 1e6}, "s");
  if (found != (durable ? queued : 0)) give_up("of " + std::to_string(queued) + " jobs " + std::to_string(found) + " were there again");
  if (durable) print_figure(kind + ".restart.memory", {(pss_bytes(deep.broker_pid()) - before) / static_cast<double>(found)}, "bytes/job");
  if (!durable && option(argc, argv, "peers", 1) != 0) print_beanstalkd(deep.folder(), jobs);
  return 0;
}

}  // namespace jobpool::bench
