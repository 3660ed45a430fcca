// How many `ApplyAsync @noop` a second one pipelining connection gets done by two workers, from the first submit to the last outcome,
// beside the bare stream of messages that the design cannot do without.
//   async_rate [--jobs=100000] [--rounds=5] [--workers=2] [--durable=0]
// The last outcome is seen by one Job.Wait for all ids, on the same connection.
#include <algorithm>

#include "tests/bench/bare_stream.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/pipelining.hpp"
#include "tests/bench/private_daemon.hpp"

namespace {

using namespace jobpool;
using namespace jobpool::bench;

const std::string kEphemeral = submission(R"({"function":"noop","durable":false})"), kDurable = submission(R"({"function":"noop"})");
constexpr long kFloorLonger = 10;  // times as many messages, to measure for longer than a scheduler tick

// The call that waits for all jobs whose acceptances are in `answers`. Gives up when one of them is anything else.
std::string wait_for_all(const std::string& answers) {
  check_accepted(answers);
  std::string call = R"({"method":"org.jobpool.Job.Wait","parameters":{"ids":[)";
  for (std::size_t begin = 0, end; begin < answers.size(); begin = end + 1) {
    end = answers.find('\0', begin);
    const std::string_view id = std::string_view(answers.data() + begin, end - begin).substr(kAccepted.size());
    call.append(id.substr(0, id.find('}'))) += ',';
  }
  call.back() = ']';
  return call + "}}" + '\0';
}

double jobs_per_second(int socket, const std::string& submit, long jobs, double& submitted_per_second) {
  const auto begin = Clock::now();
  const std::string answers = pipeline(socket, submit, jobs, jobs);
  submitted_per_second = static_cast<double>(jobs) * 1e6 / microseconds_since(begin);
  const std::string end = pipeline(socket, wait_for_all(answers), 1, 1);
  if (end.find("error") != std::string::npos) give_up("Wait: " + end);
  return static_cast<double>(jobs) * 1e6 / microseconds_since(begin);
}

}  // namespace

int main(int argc, char** argv) {
  const long jobs = std::min(option(argc, argv, "jobs", 100'000), 100'000L);  // as many ids as one Wait takes
  const int workers = static_cast<int>(option(argc, argv, "workers", 2));
  const std::string& submit = option(argc, argv, "durable", 0) != 0 ? kDurable : kEphemeral;
  BareStream stream(workers);
  const PrivateDaemon daemon(workers);
  const UniqueFd connection = connect_to(daemon.socket());

  std::vector<double> submitted, done, floor;
  for (long round = option(argc, argv, "rounds", 5); round > 0; --round) {
    submitted.emplace_back();
    done.push_back(jobs_per_second(connection.get(), submit, jobs, submitted.back()));
    const auto begin = Clock::now();
    pipeline(stream.socket(), BareStream::request(), kFloorLonger * jobs, kFloorLonger * jobs);
    floor.push_back(static_cast<double>(kFloorLonger * jobs) * 1e6 / microseconds_since(begin));
  }
  print_figure("async.done", done, "jobs/s");
  print_figure("async.accepted", submitted, "jobs/s");
  print_figure("stream.done", floor, "jobs/s");
  print_ratio("async.done/stream.done", done, floor);
  return 0;
}
