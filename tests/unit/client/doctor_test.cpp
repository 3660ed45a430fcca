// jobpool doctor: each check sees what is right, and what is wrong with its remedy.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "client/cli/doctor/checks.hpp"
#include "client/cli/doctor/trust.hpp"
#include "client/cli/listener.hpp"
#include "client/lib/connection.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/client/fake_server.hpp"

using namespace jobpool;
using namespace jobpool::cli::doctor;
using namespace jobpool::testing;

namespace {

const uid_t kMe = ::geteuid();
constexpr uid_t kSomebody = 4'711;

void write_text(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

// A problem has a remedy, and both name what they are about.
void check_problem(const Finding& finding, const std::string& in_text, const std::string& in_remedy) {
  INFO(finding.check << ": " << finding.text << " → " << finding.remedy);
  CHECK(finding.health == Health::problem);
  CHECK(finding.text.find(in_text) != std::string::npos);
  CHECK(finding.remedy.find(in_remedy) != std::string::npos);
}

ProcessFacts with_limits(const std::string& files, const std::string& processes) {
  ProcessFacts facts;
  facts.limits =
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      "Max processes             10                   " +
      processes +
      "                processes \n"
      "Max open files            1024                 " +
      files + "               files     \n";
  return facts;
}

}  // namespace

TEST_CASE("doctor: versions and interfaces must be the client's") {
  CHECK(check_version("0.1.0", "0.1.0").health == Health::good);
  check_problem(check_version("0.2.0", "0.1.0"), "0.1.0", "jobpool reload --wait");
  CHECK(check_protocol({"org.varlink.service", "org.jobpool.Pool", "org.jobpool.Job", "org.jobpool.Queue", "org.jobpool.Process"}).health ==
        Health::good);
  check_problem(check_protocol({"org.jobpool.Pool", "org.jobpool.Job"}), "org.jobpool.Queue", "reload");
}

TEST_CASE("doctor: the configuration is checked by the daemon's own program, with the daemon's own words and environment") {
  TempDir folder;
  const std::string program = folder.file("jobpoold");
  write_text(
      program,
      "#!/bin/sh\n[ \"$*\" = '--config /etc/x.toml --check-config' ] && [ \"$JOBPOOLD_WORKERS\" = 3 ] && [ \"$(pwd)\" = / ] && exit 0\n"
      "echo \"jobpoold: x.toml:3: unknown key 'worker': $*${JOBPOOL_CALLER}${JOBPOOLD_QUEUE_LIMIT}\" >&2\nexit 2\n");
  REQUIRE(::chmod(program.c_str(), 0700) == 0);
  ProcessFacts facts;
  facts.program = program;
  facts.words = {"jobpoold", "--resume-fd", "7", "--config", "/etc/x.toml"};
  facts.environment = {"JOBPOOLD_WORKERS=3", "PATH=/usr/bin:/bin"};
  CHECK(check_configuration(facts).health == Health::good);
  // The bug: variables of whoever asks the doctor were the daemon's, as it were.
  ::setenv("JOBPOOL_CALLER", "'s own", 1);
  ::setenv("JOBPOOLD_QUEUE_LIMIT", "none", 1);
  facts.words = {"jobpoold"};
  check_problem(check_configuration(facts), "x.toml:3: unknown key 'worker': --check-config", "mend that line; the daemon goes on");
  CHECK(check_configuration(facts).text.ends_with("--check-config"));
  const Finding file = check_configuration_file(program, "/etc/y.toml");
  ::unsetenv("JOBPOOL_CALLER");
  ::unsetenv("JOBPOOLD_QUEUE_LIMIT");
  check_problem(file, "x.toml:3", "mend /etc/y.toml");
  check_problem(check_default_configuration(program), "x.toml:3", "jobpoold --check-config");
  CHECK(file.text.ends_with("--config /etc/y.toml --check-config's own"));
  CHECK(check_configuration({}).health == Health::note);
  facts.program = folder.file("gone");
  CHECK(check_configuration(facts).health == Health::note);
}

TEST_CASE("doctor: a configuration with a relative path was meant from where nobody knows") {
  // The bug: it was looked for from where the doctor was asked, and called a problem.
  ProcessFacts facts;
  facts.program = "/no/such/jobpoold";
  const auto is_relative = [&facts](std::vector<std::string> words, std::vector<std::string> environment) {
    facts.words = std::move(words);
    facts.environment = std::move(environment);
    const Finding finding = check_configuration(facts);
    CHECK(finding.health == Health::note);
    return finding.text.find("pool.toml is meant from where the daemon was started") != std::string::npos;
  };
  CHECK(is_relative({"jobpoold", "--config", "pool.toml"}, {}));
  CHECK(is_relative({"jobpoold", "--config=../pool.toml", "-j", "1"}, {}));
  CHECK(is_relative({"jobpoold"}, {"JOBPOOLD_CONFIG=-pool.toml"}));
  CHECK_FALSE(is_relative({"jobpoold", "--config", "pool.toml", "--config", "/etc/x.toml"}, {"JOBPOOLD_CONFIG=pool.toml"}));
  CHECK_FALSE(is_relative({"jobpoold"}, {"JOBPOOLD_CONFIG="}));
}

TEST_CASE("doctor: only a daemon of one's own has its programs run, and by root only those that nobody else could replace") {
  // The bug: whoever listened at a socket named a process, and the doctor executed its file with the caller's rights.
  constexpr uid_t kCaller = 1'000;
  ProcessFacts daemon;
  daemon.program = "/usr/bin/jobpoold";
  daemon.words = {"jobpoold"};
  daemon.uid = kCaller;
  CHECK_FALSE(refuse_to_run(daemon, "jobpoold", kCaller, kCaller));
  CHECK_FALSE(refuse_to_run(daemon, "jobpoold", uid_t{0}, kCaller));  // socket activation
  CHECK(refuse_to_run(daemon, "jobpoold", kSomebody, kCaller)->remedy == "run jobpool doctor as the daemon's user");
  CHECK(refuse_to_run(daemon, "jobpoold", std::nullopt, kCaller));
  CHECK(refuse_to_run(daemon, "jobpool-broker", kCaller, kCaller)->why.find("/usr/bin/jobpoold") != std::string::npos);
  CHECK(refuse_to_run(daemon, "jobpoold", kCaller, 0));
  CHECK(refuse_to_run(daemon, "jobpoold", uid_t{0}, 0));
  daemon.uid = kSomebody;
  CHECK(refuse_to_run(daemon, "jobpoold", kCaller, kCaller));
  daemon.uid.reset();
  CHECK(refuse_to_run(daemon, "jobpoold", kCaller, kCaller));
  daemon.uid = kCaller;
  daemon.words.clear();
  CHECK(refuse_to_run(daemon, "jobpoold", kCaller, kCaller));

  TempDir folder;
  daemon.words = {"jobpoold"};
  daemon.uid = 0;
  daemon.program = folder.file("bin/jobpoold");
  write_text(daemon.program, "");
  const auto modes = [&](mode_t of_program, mode_t of_folder) {
    REQUIRE(::chmod(daemon.program.c_str(), of_program) == 0);
    REQUIRE(::chmod(folder.file("bin").c_str(), of_folder) == 0);
    return refuse_to_run(daemon, "jobpoold", uid_t{0}, 0, folder.path());
  };
  CHECK(modes(0755, 0755).has_value() == (kMe != 0));
  CHECK(modes(0775, 0755)->why.find("(" + daemon.program + ")") != std::string::npos);
  if (kMe == 0) CHECK(modes(0755, 0777)->why.find("(" + folder.file("bin") + ")") != std::string::npos);
  // In /tmp, which everybody may write to.
  if (kMe == 0) CHECK(refuse_to_run(daemon, "jobpoold", uid_t{0}, 0));
}

TEST_CASE("doctor: who listens is what the kernel says, and whose a process is too") {
  FakeServer server([](FakeServer& self) { self.accept().wait_for_end(); });
  {
    const auto connection = client::Connection::open(server.path(), Clock::now() + std::chrono::seconds(10));
    REQUIRE(connection);
    const auto listener = cli::listener_of(connection->fd());
    REQUIRE(listener);
    CHECK(listener->uid == kMe);
    CHECK(listener->pid == ::getpid());
  }
  server.finish();
  CHECK(facts_of(::getpid()).uid == kMe);
  TempDir folder;
  const auto uid_by = [&folder](const std::string& line) {
    write_text(folder.file("7/status"), "Name:\tx\n" + line + "Gid:\t0\t0\t0\t0\n");
    return facts_of(7, folder.path()).uid;
  };
  CHECK(uid_by("Uid:\t5\t5\t5\t5\n") == uid_t{5});
  CHECK_FALSE(uid_by("Uid:\t0\t5\t5\t5\n"));  // set-user-ID
  CHECK_FALSE(uid_by("Uid:\t5\t5\t0\t5\n"));
  CHECK_FALSE(uid_by("Uid:\tx\n"));
  CHECK_FALSE(uid_by(""));
}

TEST_CASE("doctor: SQLite must be new enough, and have what the store needs") {
  CHECK(check_sqlite("jobpool-broker 0.1.0\nSQLite 3.40.1 ATOMIC_INTRINSICS=1 THREADSAFE=1\n").health == Health::good);
  CHECK(check_sqlite("jobpool-broker 0.1.0\n").health == Health::note);
  check_problem(check_sqlite("SQLite 3.31.1 THREADSAFE=1\n"), "3.37", "libsqlite3");
  check_problem(check_sqlite("SQLite 3.40.1 THREADSAFE=0\n"), "THREADSAFE=0", "libsqlite3");
  check_problem(check_sqlite("SQLite 3.40.1 OMIT_WAL THREADSAFE=1\n"), "OMIT_WAL", "libsqlite3");
}

TEST_CASE("doctor: the socket's directory is its owner's") {
  TempDir folder;
  const std::string directory = folder.file("run"), socket = directory + "/socket";
  check_problem(check_socket_directory(socket, kMe), "not there", "start");
  REQUIRE(::mkdir(directory.c_str(), 0700) == 0);
  CHECK(check_socket_directory(socket, kMe).health == Health::good);
  REQUIRE(::chmod(directory.c_str(), 0777) == 0);
  check_problem(check_socket_directory(socket, kMe), "mode 0777", "chmod go-w " + directory);
  REQUIRE(::chmod(directory.c_str(), 01777) == 0);
  check_problem(check_socket_directory(socket, kMe), "everybody's", "--socket");
  REQUIRE(::chmod(directory.c_str(), 0700) == 0);
  if (kMe != 0) check_problem(check_socket_directory(socket, kSomebody), "belongs to", "chown 4711");
  check_problem(check_socket_directory("/proc/self/status/socket", kMe), "no directory", "move it away");
}

TEST_CASE("doctor: the state directory is for its user alone") {
  TempDir folder;
  const std::string directory = folder.file("state");
  check_problem(check_state_directory(directory, kMe), directory, "parent");
  REQUIRE(::mkdir(directory.c_str(), 0700) == 0);
  CHECK(check_state_directory(directory, kMe).health == Health::good);
  check_problem(check_state_directory(directory, kSomebody), "belongs to", "chown -R 4711");
  REQUIRE(::chmod(directory.c_str(), 0750) == 0);
  check_problem(check_state_directory(directory, kMe), "mode 0750", "chmod 0700");
}

TEST_CASE("doctor: the store's disk is local, has room, and has its ballast") {
  constexpr long kExt4 = 0xEF53, kNfs = 0x6969, kTmpfs = 0x01021994;
  CHECK(check_file_system("/state", kExt4).health == Health::good);
  check_problem(check_file_system("/state", kNfs), "NFS", "--state-dir");
  check_problem(check_file_system("/state", kTmpfs), "in memory", "--state-dir");
  CHECK(check_free_space("/state", std::uint64_t{1} << 30).health == Health::good);
  check_problem(check_free_space("/state", 1 << 20), "1 MiB free at /state", "jobpool clean");
  TempDir folder;
  CHECK(check_ballast(folder.path()).health == Health::note);
  write_text(folder.file("ballast"), "");
  check_problem(check_ballast(folder.path()), "given up", "room");
  write_text(folder.file("ballast"), "some");
  CHECK(check_ballast(folder.path()).health == Health::good);
}

TEST_CASE("doctor: plugins that others could swap are named") {
  TempDir folder;
  const std::string directory = folder.file("plugins"), plugin = directory + "/mine.so";
  CHECK(check_plugin_directory(directory, kMe).health == Health::note);
  write_text(plugin, "");
  REQUIRE(::chmod(directory.c_str(), 0755) == 0);
  REQUIRE(::chmod(plugin.c_str(), 0644) == 0);
  CHECK(check_plugin_directory(directory, kMe).text == directory + ", 1 plugin");
  REQUIRE(::chmod(plugin.c_str(), 0664) == 0);
  check_problem(check_plugin_directory(directory, kMe), plugin, "chmod go-w " + plugin);
  REQUIRE(::chmod(directory.c_str(), 0775) == 0);
  check_problem(check_plugin_directory(directory, kMe), directory, "chmod go-w " + directory);
}

TEST_CASE("doctor: descriptors and processes suffice for the workers that there are") {
  CHECK(check_open_files(with_limits("524288", "unlimited"), 4).health == Health::good);
  CHECK(check_open_files(with_limits("unlimited", "unlimited"), 4'096).health == Health::good);
  CHECK(check_open_files({}, 4).health == Health::note);
  check_problem(check_open_files(with_limits("1024", "unlimited"), 4), "1024", "LimitNOFILE=");
  TempDir folder;
  CHECK(check_processes(with_limits("1", "unlimited"), 4, folder.path()).text == "no limit");
  check_problem(check_processes(with_limits("1", "20"), 4, folder.path()), "RLIMIT_NPROC allows 20", "LimitNPROC");
  ProcessFacts facts = with_limits("1", "1000");
  facts.cgroup = "1:name=systemd:/x\n0::/user.slice/jobpool\n";
  write_text(folder.file("user.slice/pids.max"), "30\n");
  write_text(folder.file("user.slice/jobpool/pids.max"), "max\n");
  check_problem(check_processes(facts, 4, folder.path()), "user.slice/pids.max allows 30", "TasksMax");
  write_text(folder.file("user.slice/pids.max"), "300\n");
  CHECK(check_processes(facts, 4, folder.path()).health == Health::good);
}

TEST_CASE("doctor: how the processes of a job are followed is told as it is") {
  TempDir folder;
  ProcessFacts facts;
  const auto check_without = [&] {
    const Finding finding = tell_of_process_trees(facts, folder.path());
    CHECK(finding.health == Health::note);
    CHECK(finding.text.find("without cgroups") != std::string::npos);
    CHECK(finding.text.find("child subreaper") != std::string::npos);
  };
  check_without();
  facts.cgroup = "0::/pool/daemon\n";
  check_without();  // a cgroup of that name is not enough
  write_text(folder.file("pool/jobs/cgroup.procs"), "");
  const Finding finding = tell_of_process_trees(facts, folder.path());
  CHECK(finding.health == Health::good);
  CHECK(finding.text.find(folder.file("pool/jobs")) != std::string::npos);
  facts.cgroup = "0::/pool\n";
  check_without();
  // Beside version 1's controllers it is mounted elsewhere.
  facts.cgroup = "1:name=systemd:/x\n0::/other/daemon\n";
  write_text(folder.file("unified/other/jobs/cgroup.procs"), "");
  CHECK(tell_of_process_trees(facts, folder.path()).health == Health::good);
}

TEST_CASE("doctor: workers must fit into memory") {
  CHECK(check_memory("MemTotal: 1 kB\nMemAvailable:    8000000 kB\n", 4).health == Health::good);
  check_problem(check_memory("MemAvailable:    8000 kB\n", 4), "7 MiB available", "resize");
  CHECK(check_memory("", 4).health == Health::note);
}

TEST_CASE("doctor: the user's socket unit, lingering and the clock") {
  TempDir folder;
  const std::string root = folder.path();
  const Account account{"me", folder.file("home"), 1'000};
  CHECK(check_user_unit(account, root).text.find("not installed") != std::string::npos);
  write_text(root + "/usr/lib/systemd/user/jobpoold.socket", "");
  CHECK(check_user_unit(account, root).remedy == "systemctl --user enable --now jobpoold.socket");
  write_text(account.home + "/.config/systemd/user/sockets.target.wants/jobpoold.socket", "");
  CHECK(check_user_unit(account, root).health == Health::good);
  CHECK(check_linger(account, root).remedy == "loginctl enable-linger me");
  write_text(root + "/var/lib/systemd/linger/me", "");
  CHECK(check_linger(account, root).health == Health::good);
  CHECK(check_linger({"root", "/root", 0}, root).health == Health::good);
  constexpr std::int64_t kYear2026 = 1'770'000'000'000'000;
  CHECK(check_clock(kYear2026, true).health == Health::good);
  CHECK(check_clock(kYear2026, false).health == Health::note);
  check_problem(check_clock(0, true), "before 2024", "timedatectl");
}

TEST_CASE("doctor: facts of a process are the kernel's, and a program that hangs is not waited for") {
  TempDir folder;
  write_text(folder.file("7/cmdline"), std::string("a\0--state-dir\0/s\0--state-dir\0/t\0", 32));
  write_text(folder.file("7/limits"), "Max open files 1 2 files\n");
  REQUIRE(::symlink("/usr/bin/jobpoold (deleted)", folder.file("7/exe").c_str()) == 0);
  const ProcessFacts facts = facts_of(7, folder.path());
  CHECK(facts.program == "/usr/bin/jobpoold");
  CHECK(values_of(facts.words, "--state-dir") == std::vector<std::string>{"/s", "/t"});
  CHECK(facts_of(8, folder.path()).words.empty());
  const auto output = output_of({"/bin/sh", "-c", "echo out; echo err >&2; exit 3"}, {});
  REQUIRE(output);
  CHECK(output->exit_code == 3);
  CHECK(output->text == "out\nerr\n");
  CHECK_FALSE(output_of({"/no/such/program"}, {}));
  const auto long_one = output_of({"/bin/sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x; kill -KILL $$"}, {});
  REQUIRE(long_one);
  CHECK(long_one->exit_code == 128 + 9);
  CHECK(long_one->text.size() == 16 * 1024);
}

TEST_CASE("doctor: findings as lines and as JSON, and no problem without one") {
  const std::vector<Finding> findings{good("clock", "synchronised"), problem("state directory", "open\x1b", "chmod")};
  CHECK(findings_text(findings) == "good     clock: synchronised\nproblem  state directory: open\\x1b\n         → chmod\n");
  // The bug: a log that was quoted stood on one line, with \x0a in it.
  CHECK(findings_text({problem("daemon", "its log ends:\none\ntwo", "mend it")}) ==
        "problem  daemon: its log ends:\n           one\n           two\n         → mend it\n");
  CHECK(findings_json(findings) ==
        "{\"check\":\"clock\",\"health\":\"good\",\"text\":\"synchronised\"}\n"
        "{\"check\":\"state directory\",\"health\":\"problem\",\"remedy\":\"chmod\",\"text\":\"open\\u001b\"}\n");
  CHECK(has_problem(findings));
  CHECK_FALSE(has_problem({good("a", "b"), note("c", "d")}));
}
