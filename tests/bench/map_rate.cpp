// What an item of a map costs: `Pool::map` of @square through two workers, beside a plain loop of the same calls in one process, and beside
// stock Python's multiprocessing.Pool(2).map of x * x.
//   map_rate [--items=1000000] [--rounds=5] [--workers=2] [--chunk=0] [--command-line=1] [--peers=1]
// The loop is the floor: the function, its arguments as text and its result as text, and nothing that carries them. The command line does
// the same in a process of its own, from lines to lines. --chunk: 0 for Python's rule; both follow it, Python only 0 and 1.
#include <sys/wait.h>

#include <fstream>
#include <numeric>

#include "daemon/worker/function/built_in.hpp"
#include "jobpool/client.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/peers/python_pool.hpp"
#include "tests/bench/private_daemon.hpp"

namespace jobpool::bench {
namespace {

// The text that the function set as its result.
class PlainLoop {
 public:
  PlainLoop() {
    worker::add_built_in(functions_);
    square_ = functions_.find("square");
    if (square_ == nullptr) give_up("there is no @square");
  }

  // Seconds for all of them; their results, joined, are kept, as the map's are.
  double run(const std::vector<std::string>& arguments) {
    results_.clear();
    jobpool_call call{};
    call.worker_data = &results_;
    call.set_result = [](const jobpool_call* of, const char* json, std::size_t length) {
      static_cast<std::string*>(of->worker_data)->append(json, length) += ',';
    };
    const auto begin = Clock::now();
    for (const std::string& text : arguments) {
      call.arguments = text.data();
      call.arguments_length = text.size();
      square_->run(&call, square_->data);
    }
    return microseconds_since(begin) / 1e6;
  }

 private:
  worker::FunctionTable functions_;
  const worker::Function* square_ = nullptr;
  std::string results_;
};

double cli_seconds(const PrivateDaemon& daemon, const std::string& lines, std::size_t chunk) {
  int status = 0;
  const auto begin = Clock::now();
  std::vector<std::string> argv{program("jobpool"), "--socket", daemon.socket(), "map", "--stream", "-a", lines};
  if (chunk != 0) argv.insert(argv.end(), {"-n", std::to_string(chunk)});
  argv.push_back("@square");
  const pid_t child = spawn(argv);
  ::waitpid(child, &status, 0);
  if (status != 0) give_up("jobpool map");
  return microseconds_since(begin) / 1e6;
}

}  // namespace

int map_rate(int argc, char** argv) {
  const long items = option(argc, argv, "items", 1'000'000);
  const int workers = static_cast<int>(option(argc, argv, "workers", 2));
  const MapOptions options{.chunk_size = static_cast<std::size_t>(option(argc, argv, "chunk", 0))};
  const PrivateDaemon daemon(workers);
  const Pool pool = Client(daemon.socket()).pool();
  std::vector<long> numbers(static_cast<std::size_t>(items));
  std::iota(numbers.begin(), numbers.end(), 0);
  std::vector<std::string> arguments;
  for (const long number : numbers) arguments.push_back("[" + std::to_string(number) + "]");
  const std::string lines = daemon.folder() + "/lines";
  {
    std::ofstream file(lines);
    for (const long number : numbers) file << number << '\n';
  }
  const bool has_command_line = option(argc, argv, "command-line", 1) != 0;
  PlainLoop loop;
  const auto python = option(argc, argv, "peers", 1) != 0 ? PythonPool::start(workers) : nullptr;

  const auto per_item = [&](double seconds) { return seconds * 1e9 / static_cast<double>(items); };
  std::vector<double> ours, rate, floor, command_line, of_python;
  for (long round = option(argc, argv, "rounds", 5); round > 0; --round) {
    const auto begin = Clock::now();
    const std::vector<long> squares = pool.map<long>("square", numbers, options);
    const double seconds = microseconds_since(begin) / 1e6;
    if (squares.size() != numbers.size() || squares.back() != numbers.back() * numbers.back()) give_up("map: wrong results");
    ours.push_back(per_item(seconds));
    rate.push_back(static_cast<double>(items) / seconds);
    floor.push_back(per_item(loop.run(arguments)));
    if (has_command_line) command_line.push_back(per_item(cli_seconds(daemon, lines, options.chunk_size)));
    if (python) of_python.push_back(per_item(python->ask(options.chunk_size == 1 ? "map1" : "map", items).at(0)));
  }
  print_figure("map.rate", rate, "items/s");
  print_figure("map.item", ours, "ns");
  print_figure("loop.item", floor, "ns");
  if (has_command_line) print_figure("cli.item", command_line, "ns");
  print_ratio("map.item/loop.item", ours, floor);
  if (python) print_figure("python.item", of_python, "ns");
  // How many times Python's rate ours is.
  if (python) print_ratio("python.item/map.item", of_python, ours);
  return 0;
}

}  // namespace jobpool::bench
