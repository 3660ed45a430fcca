// What an item of a map costs: `Pool::map` of @square through two workers, beside a plain loop of the same calls in one process, and beside
// stock Python's multiprocessing.Pool(2).map of x * x.
//   map_rate [--items=1000000] [--rounds=5] [--workers=2] [--chunk=0]
// The loop is the floor: the function, its arguments as text and its result as text, and nothing that carries them. The command line does
// the same in a process of its own, from lines to lines. Python is left out where there is none.
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <numeric>

#include "daemon/worker/function/built_in.hpp"
#include "jobpool/client.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/private_daemon.hpp"

namespace {

using namespace jobpool;
using namespace jobpool::bench;

constexpr const char* kPython = R"py(
import multiprocessing, time
def square(x): return x * x
if __name__ == '__main__':
  with multiprocessing.Pool(WORKERS) as pool:
    pool.map(square, range(1000))
    begin = time.monotonic()
    pool.map(square, range(ITEMS))
    print(time.monotonic() - begin)
)py";

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
    const auto begin = bench::Clock::now();
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

std::string replaced(std::string text, const std::string& word, const std::string& by) {
  return text.replace(text.find(word), word.size(), by);
}

// 0: there is no Python.
double python_seconds(const std::string& folder, int workers, long items) {
  const std::string script = folder + "/map.py", out = folder + "/map.out";
  std::ofstream(script) << replaced(replaced(kPython, "WORKERS", std::to_string(workers)), "ITEMS", std::to_string(items));
  std::remove(out.c_str());
  int status = 0;
  const pid_t child = spawn({"/usr/bin/env", "python3", script}, out);
  ::waitpid(child, &status, 0);
  double seconds = 0;
  if (status == 0) std::ifstream(out) >> seconds;
  return seconds;
}

double cli_seconds(const PrivateDaemon& daemon, const std::string& lines) {
  int status = 0;
  const auto begin = bench::Clock::now();
  const pid_t child = spawn({program("jobpool"), "--socket", daemon.socket(), "map", "--stream", "-a", lines, "@square"});
  ::waitpid(child, &status, 0);
  if (status != 0) give_up("jobpool map");
  return microseconds_since(begin) / 1e6;
}

}  // namespace

int main(int argc, char** argv) {
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
  PlainLoop loop;

  const auto per_item = [&](double seconds) { return seconds * 1e9 / static_cast<double>(items); };
  std::vector<double> ours, rate, floor, command_line, python;
  for (long round = option(argc, argv, "rounds", 5); round > 0; --round) {
    const auto begin = bench::Clock::now();
    const std::vector<long> squares = pool.map<long>("square", numbers, options);
    const double seconds = microseconds_since(begin) / 1e6;
    if (squares.size() != numbers.size() || squares.back() != numbers.back() * numbers.back()) give_up("map: wrong results");
    ours.push_back(per_item(seconds));
    rate.push_back(static_cast<double>(items) / seconds);
    floor.push_back(per_item(loop.run(arguments)));
    command_line.push_back(per_item(cli_seconds(daemon, lines)));
    if (const double taken = python_seconds(daemon.folder(), workers, items); taken > 0) python.push_back(per_item(taken));
  }
  print_figure("map.rate", rate, "items/s");
  print_figure("map.item", ours, "ns");
  print_figure("loop.item", floor, "ns");
  print_figure("cli.item", command_line, "ns");
  print_ratio("map.item/loop.item", ours, floor);
  if (python.size() != ours.size()) return 0;
  print_figure("python.item", python, "ns");
  print_ratio("map.item/python.item", ours, python);
  return 0;
}
