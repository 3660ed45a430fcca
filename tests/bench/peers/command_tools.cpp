// See command_tools.hpp.
#include "tests/bench/peers/command_tools.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "common/unique_fd.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/peers/peer_server.hpp"
#include "tests/bench/private_daemon.hpp"
#include "tests/support/wait_until.hpp"

namespace jobpool::bench {
namespace {

// A line for each time: what xargs and parallel read.
std::string numbers_in(const std::string& folder, long times) {
  const std::string path = folder + "/numbers";
  std::ofstream file(path);
  for (long i = 0; i < times; ++i) file << i << '\n';
  return path;
}

void run_xargs(const std::string& folder, long times) {
  run_to_end({installed("xargs"), "-P2", "-n1", "/bin/true"}, numbers_in(folder, times));
}

void run_parallel(const std::string& folder, long times) {
  ::setenv("HOME", folder.c_str(), 1);  // it keeps files there
  run_to_end({installed("parallel"), "-j2", "/bin/true"}, numbers_in(folder, times));
}

// Without files for output (-n), which is less than ours does, and in its favour.
void run_task_spooler(const std::string& folder, long times) {
  const TaskSpooler server(folder);
  const std::string tsp = installed("tsp");
  for (long i = 0; i < times; ++i) run_to_end({tsp, "-n", "/bin/true"});
  for (const long last : {times - 2, times - 1}) run_to_end({tsp, "-w", std::to_string(last)});
}

// It runs one at a time in a folder: two folders, each with its own submitter.
void run_nq(const std::string& folder, long times) {
  const std::string nq = installed("nq");
  pid_t submitters[2];
  for (int half = 0; half < 2; ++half) {
    submitters[half] = ::fork();
    if (submitters[half] != 0) continue;
    const std::string place = folder + "/nq" + std::to_string(half);
    ::mkdir(place.c_str(), 0700);
    ::setenv("NQDIR", place.c_str(), 1);
    for (long i = 0; i < times / 2; ++i) run_to_end({nq, "-q", "/bin/true"});
    run_to_end({nq, "-w"});
    std::_Exit(0);
  }
  for (const pid_t submitter : submitters) {
    int status = 0;
    if (::waitpid(submitter, &status, 0) != submitter || status != 0) give_up("nq");
  }
}

UniqueFd connect_to_task_spooler(const char* path) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) socket.reset();
  return socket;
}

}  // namespace

std::vector<CommandTool> CommandTool::all_installed() {
  std::vector<CommandTool> found;
  for (const CommandTool& tool : {CommandTool{"xargs", &run_xargs}, CommandTool{"tsp", &run_task_spooler}, CommandTool{"nq", &run_nq},
                                  CommandTool{"parallel", &run_parallel}}) {
    if (installed(tool.name).empty()) {
      print_note(tool.name + " is not installed");
    } else {
      found.push_back(tool);
    }
  }
  return found;
}

bool TaskSpooler::is_installed() { return !installed("tsp").empty(); }

TaskSpooler::TaskSpooler(const std::string& folder) {
  ::setenv("TS_SOCKET", (folder + "/tsp").c_str(), 1);
  ::setenv("TS_MAXFINISHED", "100000", 1);
  ::setenv("TS_MAXCONN", "4000", 1);
  ::setenv("TMPDIR", folder.c_str(), 1);
  run_to_end({installed("tsp"), "-S", "2"});
}

TaskSpooler::~TaskSpooler() {
  const pid_t server = pid();
  ::kill(server, SIGTERM);
  if (!testing::wait_until([&] { return ::kill(server, 0) != 0; })) give_up("task-spooler's server does not leave");
}

int TaskSpooler::pid() const {
  const UniqueFd socket = connect_to_task_spooler(std::getenv("TS_SOCKET"));
  ucred peer{};
  socklen_t length = sizeof(peer);
  if (!socket || ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) give_up("task-spooler's server");
  return peer.pid;
}

void run_to_end(const std::vector<std::string>& argv, const std::string& input, const std::string& output) {
  int status = 0;
  if (::waitpid(spawn(argv, output, input), &status, 0) < 0 || status != 0) give_up(argv[0] + " failed");
}

}  // namespace jobpool::bench
