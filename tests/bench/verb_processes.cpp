// What one `jobpool` command costs a script, process start included, beside the shell's and the kernel's own price of a process.
//   verb_processes [--runs=300] [--warm_up=20]
// The kinds take turns, run by run. Each run is posix_spawn (which is vfork and exec) to wait.
#include <sys/wait.h>

#include <vector>

#include "tests/bench/figures.hpp"
#include "tests/bench/private_daemon.hpp"

namespace {

using namespace jobpool::bench;

struct Kind {
  std::string key;
  std::vector<std::string> argv;
  std::vector<double> samples = {};
};

double run(const Kind& kind) {
  const auto begin = Clock::now();
  const pid_t pid = spawn(kind.argv);
  int status = 0;
  ::waitpid(pid, &status, 0);
  const double taken = microseconds_since(begin);
  if (status != 0) give_up(kind.key + " failed");
  return taken;
}

}  // namespace

int main(int argc, char** argv) {
  const PrivateDaemon daemon(1);
  const std::vector<std::string> jobpool{program("jobpool"), "--no-autostart", "--socket", daemon.socket()};
  const auto verb = [&](const std::string& name) {
    std::vector<std::string> words = jobpool;
    words.insert(words.end(), {name, "--", "true"});
    return words;
  };
  std::vector<Kind> kinds{{"jobpool_apply", verb("apply")},
                          {"jobpool_apply_async", verb("apply-async")},
                          {"jobpool_ping", {program("jobpool"), "--no-autostart", "--socket", daemon.socket(), "ping"}},
                          {"jobpool_no_call", {program("jobpool"), "--version"}},
                          {"sh_true", {"/bin/sh", "-c", "true"}},
                          {"bin_true", {"/bin/true"}}};
  for (long warm_up = option(argc, argv, "warm_up", 20); warm_up > 0; --warm_up) {
    for (const Kind& kind : kinds) run(kind);
  }
  for (long left = option(argc, argv, "runs", 300); left > 0; --left) {
    for (Kind& kind : kinds) kind.samples.push_back(run(kind));
  }
  for (const Kind& kind : kinds) print_figure("process." + kind.key, kind.samples, "us");
  const auto& sh = kinds[4].samples;
  const auto& bin = kinds[5].samples;
  for (std::size_t i = 0; i < 2; ++i) {
    print_ratio(kinds[i].key + "/sh_true", kinds[i].samples, sh);
    print_ratio(kinds[i].key + "/bin_true", kinds[i].samples, bin);
  }
  return 0;
}
