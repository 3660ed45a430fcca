// 2,000 times /bin/true as jobs, two workers, output captured: jobs a second, ephemeral and durable, and by `jobpool map` from a file;
// beside bare spawns by two spawners, and beside what a shell user has for it: xargs -P2, task-spooler, nq, GNU parallel.
//   commands [--jobs=2000] [--rounds=3] [--workers=2] [--peers=1]
#include <fstream>

#include "tests/bench/bare_spawns.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/peers/command_tools.hpp"
#include "tests/bench/pipelining.hpp"
#include "tests/bench/private_daemon.hpp"

namespace jobpool::bench {
namespace {

const std::string kTrueEphemeral = submission(R"({"command":["/bin/true"],"durable":false})");
const std::string kTrueDurable = submission(R"({"command":["/bin/true"]})");

// A folder for each run: what one leaves is not the next one's.
std::string new_folder(const std::string& parent) {
  std::string path = parent + "/run-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) give_up(path);
  return path;
}

class CommandJobs {
 public:
  explicit CommandJobs(int workers) : daemon_(workers), connection_(connect_to(daemon_.socket())) {}

  void run(const std::string& submit, long jobs) {
    const std::string end = pipeline(connection_.get(), wait_call_for(pipeline(connection_.get(), submit, jobs, jobs)), 1, 1);
    if (end.find("error") != std::string::npos) give_up("Wait: " + end);
  }
  void map(const std::string& lines) {
    run_to_end({program("jobpool"), "--no-autostart", "--socket", daemon_.socket(), "map", "-a", lines, "--", "/bin/true", "{}"});
  }
  const PrivateDaemon& daemon() const { return daemon_; }

 private:
  PrivateDaemon daemon_;
  UniqueFd connection_;
};

struct ToolRates {
  CommandTool tool;
  std::vector<double> rates = {};
};

}  // namespace

int commands(int argc, char** argv) {
  const int workers = static_cast<int>(option(argc, argv, "workers", 2));
  const long jobs = option(argc, argv, "jobs", 2'000);
  CommandJobs ours(workers);
  const std::string folder = ours.daemon().folder(), lines = folder + "/lines";
  {
    std::ofstream file(lines);
    for (long i = 0; i < jobs; ++i) file << i << '\n';
  }
  std::vector<ToolRates> tools;
  if (option(argc, argv, "peers", 1) != 0)
    for (const CommandTool& tool : CommandTool::all_installed()) tools.push_back({tool});

  std::vector<double> ephemeral, durable, mapped, floor;
  for (long round = option(argc, argv, "rounds", 3); round > 0; --round) {
    floor.push_back(rate_of(jobs, [&] { spawn_bare(folder, jobs, workers); }));
    ephemeral.push_back(rate_of(jobs, [&] { ours.run(kTrueEphemeral, jobs); }));
    durable.push_back(rate_of(jobs, [&] { ours.run(kTrueDurable, jobs); }));
    mapped.push_back(rate_of(jobs, [&] { ours.map(lines); }));
    for (ToolRates& one : tools) one.rates.push_back(rate_of(jobs, [&] { one.tool.run(new_folder(folder), jobs); }));
  }
  print_figure("commands.ephemeral", ephemeral, "jobs/s");
  print_figure("commands.durable", durable, "jobs/s");
  print_figure("commands.map", mapped, "jobs/s");
  print_figure("spawns", floor, "jobs/s");
  print_ratio("commands.ephemeral/spawns", ephemeral, floor);
  print_ratio("commands.durable/spawns", durable, floor);
  print_ratio("commands.map/spawns", mapped, floor);
  for (const ToolRates& one : tools) {
    print_figure(one.tool.name, one.rates, "jobs/s");
    print_ratio("commands.ephemeral/" + one.tool.name, ephemeral, one.rates);
    print_ratio("commands.durable/" + one.tool.name, durable, one.rates);
  }
  return 0;
}

}  // namespace jobpool::bench
