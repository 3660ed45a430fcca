// How a command starts: what it gets from its spec, what it does not inherit, and what is said when it cannot start.
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "tests/unit/worker/setup.hpp"

namespace jobpool::worker {
namespace {

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

// Takes the right to raise priorities from this thread for a while, also when root runs the tests.
class Unprivileged {
 public:
  Unprivileged() {
    REQUIRE(::syscall(SYS_capget, &header_, before_) == 0);
    __user_cap_data_struct without[2] = {before_[0], before_[1]};
    without[0].effective &= ~(1U << CAP_SYS_NICE);
    REQUIRE(::syscall(SYS_capset, &header_, without) == 0);
    REQUIRE(::getrlimit(RLIMIT_NICE, &limit_before_) == 0);
    const rlimit none{0, limit_before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NICE, &none) == 0);
  }
  ~Unprivileged() {
    ::setrlimit(RLIMIT_NICE, &limit_before_);
    ::syscall(SYS_capset, &header_, before_);
  }

 private:
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct before_[2] = {};
  rlimit limit_before_{};
};

TEST_CASE("a command's exit code is reported, with its pid at the start and its times at the end") {
  Setup setup;
  const auto ended = setup.run(command({"sh", "-c", "exit 3"}));
  CHECK(ended.after == CommandRunner::After::go_on);
  CHECK(ended.report.ending == Ending::exited);
  CHECK(ended.report.code == 3);
  CHECK(ended.report.ended_usec > 1'600'000'000'000'000);
  CHECK(ended.report.max_rss_bytes > 100'000);
  CHECK(setup.started_pid > 0);
}

TEST_CASE("a command that dies of a signal is reported with that signal") {
  Setup setup;
  const auto ended = setup.run(command({"sh", "-c", "kill -ABRT $$"}));
  CHECK(ended.report.ending == Ending::signalled);
  CHECK(ended.report.code == SIGABRT);
}

TEST_CASE("the used processor time includes descendants") {
  Setup setup;
  const auto ended = setup.run(command({"sh", "-c", "(i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done)"}));
  CHECK(ended.report.code == 0);
  CHECK(ended.report.user_usec + ended.report.system_usec > 10'000);
}

TEST_CASE("a command that does not exist is not found, with the shell's code") {
  Setup setup;
  const auto looked_up = setup.run(command({"no-such-program-here"}));
  CHECK(looked_up.report.ending == Ending::not_started);
  CHECK(looked_up.report.code == 127);
  CHECK(looked_up.report.reason == "command 'no-such-program-here' not found in the job's PATH");
  CHECK(setup.started_pid == 0);
  CHECK(setup.run(command({"/no/such/program"})).report.reason == "command '/no/such/program' not found");
  CHECK(setup.run(command({""})).report.code == 127);
}

TEST_CASE("a file that is there but cannot be executed is named with the reason") {
  Setup setup;
  const std::string path = setup.file("script");
  std::ofstream(path) << "echo no first line\n";
  const auto forbidden = setup.run(command({path}));
  CHECK(forbidden.report.code == 126);
  CHECK(forbidden.report.reason.find("Permission denied") != std::string::npos);
  REQUIRE(::chmod(path.c_str(), 0700) == 0);
  const auto no_format = setup.run(command({path}));
  CHECK(no_format.report.code == 126);
  CHECK(no_format.report.reason.find("#!/bin/sh") != std::string::npos);
  std::ofstream(path) << "#!/no/such/interpreter\n";
  const auto no_interpreter = setup.run(command({path}));
  CHECK(no_interpreter.report.code == 126);
  CHECK(no_interpreter.report.reason.find("interpreter") != std::string::npos);
}

TEST_CASE("a forbidden file earlier in the PATH does not hide a good one later, nor is it called absent") {
  Setup setup;
  REQUIRE(::mkdir(setup.file("first").c_str(), 0700) == 0);
  std::ofstream(setup.file("first/true")) << "not executable";
  CommandSpec spec = command({"true"});
  spec.environment = {"PATH=" + setup.file("first") + ":/usr/bin:/bin"};
  CHECK(setup.run(spec).report.ending == Ending::exited);
  spec.environment = {"PATH=" + setup.file("first") + ":/no/such/folder"};
  CHECK(setup.run(spec).report.code == 126);
}

TEST_CASE("an empty element of the PATH is the working directory, and the job's PATH counts, not the worker's") {
  Setup setup;
  std::ofstream(setup.file("here")) << "#!/bin/sh\nexit 9\n";
  REQUIRE(::chmod(setup.file("here").c_str(), 0700) == 0);
  CommandSpec spec = command({"here"});
  spec.cwd = setup.file("");
  spec.environment = {"PATH=/usr/bin::/bin"};
  CHECK(setup.run(spec).report.code == 9);
  spec.argv = {"ls"};
  spec.environment = {"PATH=/no/such/folder"};
  CHECK(setup.run(spec).report.code == 127);
}

TEST_CASE("a missing working directory is jobpool's failure and names it") {
  Setup setup;
  CommandSpec spec = command({"true"});
  spec.cwd = "/no/such/folder";
  const auto ended = setup.run(spec);
  CHECK(ended.report.ending == Ending::not_started);
  CHECK(ended.report.code == 125);
  CHECK(ended.report.reason == "working directory '/no/such/folder': No such file or directory");
}

TEST_CASE("a command runs in its working directory with its umask") {
  Setup setup;
  CommandSpec spec = command({"sh", "-c", "pwd; umask"});
  spec.umask = 027;
  std::string out;
  setup.run(spec, out);
  CHECK(out == "/\n0027\n");
  spec.cwd = "/usr";
  setup.run(spec, out);
  CHECK(out == "/usr\n0027\n");
}

TEST_CASE("a command's environment is its spec's and the jobpool names, which win") {
  Setup setup;
  ::setenv("OF_THE_WORKER", "unseen", 1);
  CommandSpec spec = command({"env"});
  spec.environment = {"PATH=/usr/bin:/bin", "A=1", "JOBPOOL_JOB_ID=999", "JOBPOOL_MINE=kept"};
  setup.attempt.number = 2;
  std::string out;
  setup.run(spec, out);
  ::unsetenv("OF_THE_WORKER");
  const std::set<std::string> expected{"PATH=/usr/bin:/bin",
                                       "A=1",
                                       "JOBPOOL_MINE=kept",
                                       "JOBPOOL_JOB_ID=7",
                                       "JOBPOOL_POOL=default",
                                       "JOBPOOL_WORKER=3",
                                       "JOBPOOL_ATTEMPT=2",
                                       "JOBPOOL_SOCKET=/run/jobpool/test",
                                       "JOBPOOL_INSTANCE=instance-of-the-test"};
  CHECK(lines_of(out) == expected);
}

TEST_CASE("a command inherits no descriptor of the worker") {
  Setup setup;
  const UniqueFd careless(::open("/dev/null", O_RDONLY));  // as a plugin may open it, without close-on-exec
  std::string out;
  setup.run(command({"ls", "/proc/self/fd"}), out);
  CHECK(lines_of(out) == std::set<std::string>{"0", "1", "2", "3"});  // 3 is ls's own, of the folder
}

TEST_CASE("a command starts with default signals and nothing blocked, whatever a plugin did to the worker") {
  Setup setup;
  ::signal(SIGUSR1, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t usr2, before;
  ::sigemptyset(&usr2);
  ::sigaddset(&usr2, SIGUSR2);
  ::sigprocmask(SIG_BLOCK, &usr2, &before);
  std::string out;
  setup.run(command({"cat", "/proc/self/status"}), out);  // cat, since grep and shells catch signals of their own
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  ::signal(SIGUSR1, SIG_DFL);
  ::signal(SIGPIPE, SIG_DFL);
  for (const char* set : {"SigBlk", "SigIgn", "SigCgt"}) CHECK(out.find(std::string(set) + ":\t0000000000000000\n") != std::string::npos);
}

TEST_CASE("a command leads its own session and group") {
  Setup setup;
  std::string out;
  setup.run(command({"sh", "-c", "cut -d' ' -f 5,6 /proc/$$/stat"}), out);
  const std::string pid = std::to_string(setup.started_pid);
  CHECK(out == pid + " " + pid + "\n");
}

TEST_CASE("a file limit stops a file that grows, and the report says so") {
  Setup setup;
  CommandSpec spec = command({"sh", "-c", "exec head -c 100000 /dev/zero"});
  spec.file_limit = 4096;
  const auto ended = setup.run(spec);
  CHECK(ended.report.ending == Ending::signalled);
  CHECK(ended.report.code == SIGXFSZ);
  CHECK(ended.report.reason == "a file grew beyond the job's limit of 4096 bytes");
  CHECK(setup.out().size() == 4096);
}

TEST_CASE("a command has its nice value, and without one its worker's") {
  Setup setup;
  CommandSpec spec = command({"nice"});
  std::string out;
  setup.run(spec, out);
  CHECK(out == std::to_string(::getpriority(PRIO_PROCESS, 0)) + "\n");
  spec.nice = 19;
  setup.run(spec, out);
  CHECK(out == "19\n");
  CHECK(::getpriority(PRIO_PROCESS, 0) < 19);  // the worker's own is as it was
}

TEST_CASE("a command that may not be served before its worker is not started, and the report says why") {
  Setup setup;
  const Unprivileged unprivileged;
  CommandSpec spec = command({"true"});
  spec.nice = ::getpriority(PRIO_PROCESS, 0) - 1;
  const auto ended = setup.run(spec);
  CHECK(ended.report.ending == Ending::not_started);
  CHECK(ended.report.code == 125);
  CHECK(ended.report.reason ==
        "nice " + std::to_string(*spec.nice) +
            " cannot be set: Permission denied; below the daemon's own it needs CAP_SYS_NICE, or LimitNICE= of its unit");
}

TEST_CASE("two hundred commands in a row leave no descriptor and no child behind") {
  Setup setup;
  const auto open_files = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  setup.run(command({"true"}));
  const auto before = open_files();
  for (int i = 0; i < 200; ++i)
    REQUIRE(setup.run(command({i % 2 == 0 ? "true" : "no-such-program"})).report.code == (i % 2 == 0 ? 0 : 127));
  CHECK(open_files() == before);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

}  // namespace
}  // namespace jobpool::worker
