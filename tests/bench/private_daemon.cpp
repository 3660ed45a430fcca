// See private_daemon.hpp. Where the programs are is told by the build (JOBPOOL_BIN_DIR, JOBPOOL_BENCH_BIN_DIR).
#include "tests/bench/private_daemon.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "common/unique_fd.hpp"
#include "jobpool/client.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/process_facts.hpp"
#include "tests/support/wait_until.hpp"

namespace jobpool::bench {

std::string program(const std::string& name) { return std::string(JOBPOOL_BIN_DIR) + "/" + name; }
std::string bench_program(const std::string& name) { return std::string(JOBPOOL_BENCH_BIN_DIR) + "/" + name; }

namespace {

std::vector<char*> words_for_exec(const std::vector<std::string>& argv) {
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  return words;
}

}  // namespace

pid_t spawn(const std::vector<std::string>& argv, const std::string& log, const std::string& input) {
  std::vector<char*> words = words_for_exec(argv);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, input.c_str(), O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (log != "/dev/null") ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t pid = -1;
  errno = ::posix_spawn(&pid, words[0], &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (pid < 0) give_up(argv[0] + " cannot be started");
  return pid;
}

pid_t spawn_server(const std::vector<std::string>& argv, const std::string& log) {
  std::vector<char*> words = words_for_exec(argv);
  const UniqueFd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd output(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!input || !output) give_up(log + " cannot be opened");
  const pid_t bench = ::getpid();
  const pid_t pid = ::fork();  // posix_spawn has no word for the signal
  if (pid < 0) give_up(argv[0] + " cannot be started");
  if (pid > 0) return pid;
  const bool is_tied = ::prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && ::getppid() == bench;
  if (is_tied && ::dup2(input.get(), 0) == 0 && ::dup2(output.get(), 1) == 1 && ::dup2(output.get(), 2) == 2)
    ::execv(words[0], words.data());
  ::_exit(127);
}

PrivateDaemon::PrivateDaemon(int workers) : workers_(workers) {
  start();
  warm_up();
}

void PrivateDaemon::warm_up() const {
  const Client client(socket());
  const Pool pool = client.pool();
  // Workers that have not come yet would be given nothing.
  if (!testing::wait_until([&] { return pool.show().workers_idle >= static_cast<std::size_t>(workers_); })) give_up("workers do not come");
  for (int i = 0; i < 100 * std::min(workers_, 8); ++i) pool.apply_text("noop", "[]");
}

void PrivateDaemon::wait_for_spare() const {
  const auto is_there = [&] { return std::ranges::any_of(family_of(pid_), [](pid_t pid) { return name_of(pid) == "jobpool-spare"; }); };
  if (!testing::wait_until(is_there)) give_up("no spare worker comes");
}

void PrivateDaemon::start() {
  pid_ = spawn_server({program("jobpoold"), "--socket", socket(), "--state-dir", folder_.file("state"), "-j", std::to_string(workers_),
                       "--log-level", "warn"},
                      folder_.file("log"));
  bool has_ended = false;
  // In short steps: how long a start takes is measured too.
  constexpr timespec kStep{.tv_sec = 0, .tv_nsec = 50'000};
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (!has_ended && !is_up() && Clock::now() < deadline) {
    ::ppoll(nullptr, 0, &kStep, nullptr);
    has_ended = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
  }
  if (has_ended || !is_up()) give_up("jobpoold did not start");
}

void PrivateDaemon::kill() {
  const pid_t broker = broker_pid();
  const UniqueFd gone(static_cast<int>(::syscall(SYS_pidfd_open, broker, 0)));
  for (const pid_t pid : {pid_, broker}) ::kill(pid, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  // As long as it is not gone, with all its memory, its socket takes connections.
  pollfd wait{.fd = gone.get(), .events = POLLIN, .revents = 0};
  ::poll(&wait, 1, -1);
}

pid_t PrivateDaemon::broker_pid() const { return Client(socket()).hello().broker_pid; }

PrivateDaemon::~PrivateDaemon() { stop(); }

void PrivateDaemon::stop() {
  ::kill(pid_, SIGTERM);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  if (status != 0) std::fprintf(stderr, "bench: jobpoold ended with wait status %d\n", status);
}

bool PrivateDaemon::is_up() const {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket().c_str(), sizeof(address.sun_path) - 1);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

}  // namespace jobpool::bench
