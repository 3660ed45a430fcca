// HUP: jobpoold becomes the program that is installed now, and nothing that runs notices.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/catch.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/supervisor/house_harness.hpp"

using namespace jobpool;
using control::Kind;
using control::OrderKind;
using test::Broker;
using test::House;
using test::inode_of;
using test::start_worker;
using test::value_of;
using test::Worker;

namespace {

ino_t inode_at(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_ino;
}

// The broker after a reload, which ends the one before.
Broker reload(House& house, Broker& before) {
  house.signal(SIGHUP);
  before.expect_end();
  return house.next_broker();
}

// Started by this very program, or taken over from its predecessor.
bool was_reloaded(const House& house) {
  std::ifstream file("/proc/" + std::to_string(house.pid()) + "/cmdline");
  const std::string words((std::istreambuf_iterator<char>(file)), {});
  return words.find("--resume-fd") != std::string::npos;
}

Worker expect_older(Broker& broker) {
  auto started = broker.expect(Kind::worker_started);
  CHECK(started.message.value == static_cast<int>(control::Origin::older_program));
  return Worker(std::move(started));
}

}  // namespace

TEST_CASE("HUP executes the installed program in place: same process, instance, socket and ledger, and the workers live on") {
  House house;
  auto first = house.next_broker();
  const auto welcome = first.expect(Kind::welcome);
  first.expect(Kind::handover_done);
  const Worker one = start_worker(first, 1), two = start_worker(first, 2);
  const pid_t pid = house.pid();
  const std::string instance = house.instance();
  const ino_t socket = inode_at(house.socket());
  REQUIRE(!was_reloaded(house));

  auto second = reload(house, first);
  CHECK(was_reloaded(house));
  CHECK(::kill(pid, 0) == 0);
  CHECK(house.instance() == instance);
  CHECK(inode_at(house.socket()) == socket);
  for (const char* option : {"--instance", "--since", "--socket", "--state-dir"})
    CHECK(value_of(second.arguments, option) == value_of(first.arguments, option));
  CHECK(value_of(second.arguments, "--restarts") == "1");
  const auto again = second.expect(Kind::welcome);
  REQUIRE(again.fds.size() == welcome.fds.size());
  for (std::size_t i = 0; i < welcome.fds.size(); ++i) CHECK(inode_of(again.fds[i]) == inode_of(welcome.fds[i]));
  for (const Worker* before : {&one, &two}) {
    const Worker after = expect_older(second);
    CHECK(after.incarnation == before->incarnation);
    CHECK(after.number == before->number);
    CHECK(after.pid == before->pid);
    for (std::size_t i = 0; i < 6; ++i) CHECK(inode_of(after.fds[i]) == inode_of(before->fds[i]));
    after.order(OrderKind::signal, 0);
    CHECK(before->answer().value == 11);
  }
  second.expect(Kind::handover_done);

  const Worker third = start_worker(second, 3);
  CHECK(third.incarnation.value == two.incarnation.value + 1);
  third.order(OrderKind::signal, 0);
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const auto answer = third.answer();
  CHECK(answer.value == 11);  // no descriptor of the house reached it
  CHECK(answer.usec == static_cast<std::int64_t>(limit.rlim_cur));
}

TEST_CASE("what a broker notes of a worker is told with it, to the next brokers as well, across a reload too") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  control::Message start;
  start.kind = Kind::start_worker;
  start.number = WorkerNumber{1};
  start.value = 1;
  start.usec = 7;
  first.say(start);
  CHECK(first.expect(Kind::worker_started).message.usec == 7);
  auto second = reload(house, first);
  second.expect(Kind::welcome);
  CHECK(second.expect(Kind::worker_started).message.usec == 7);
}

TEST_CASE("only what was started before a reload is of an older program, also for the brokers that follow") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  const Worker old = start_worker(first, 1);
  auto second = reload(house, first);
  second.expect(Kind::welcome);
  expect_older(second);
  second.expect(Kind::handover_done);
  start_worker(second, 2);
  second.die();
  auto third = house.next_broker();
  third.expect(Kind::welcome);
  CHECK(expect_older(third).pid == old.pid);
  CHECK(third.expect(Kind::worker_started).message.value == static_cast<int>(control::Origin::inherited));
  third.expect(Kind::handover_done);
  // It leaves as it was told, and its place is free.
  old.order(OrderKind::leave);
  const auto died = third.expect(Kind::worker_died).message;
  CHECK(died.code == CLD_EXITED);
  CHECK(died.value == 0);
  CHECK(start_worker(third, 1).number == 1);
}

TEST_CASE("the broker can ask for a reload") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  first.say(Kind::reload);
  first.expect_end();
  house.next_broker().expect_empty_handover();
  CHECK(was_reloaded(house));
}

TEST_CASE("a worker that dies while one program becomes the other is told to the next broker") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  const Worker victim = start_worker(first, 1), other = start_worker(first, 2);
  // A zombie has no command line any more.
  const std::string pid = std::to_string(victim.pid);
  house.install("case \"$*\" in *--check-config*) ;; *) kill -9 " + pid + "; while [ -s /proc/" + pid + "/cmdline ] && grep -q . /proc/" +
                pid + "/cmdline; do :; done;; esac\nexec \"$JOBPOOLD\" \"$@\"");
  auto second = reload(house, first);
  second.expect(Kind::welcome);
  CHECK(expect_older(second).incarnation == victim.incarnation);
  CHECK(expect_older(second).incarnation == other.incarnation);
  second.expect(Kind::handover_done);
  const auto died = second.expect(Kind::worker_died).message;
  CHECK(died.incarnation == victim.incarnation);
  CHECK(died.code == CLD_KILLED);
  CHECK(died.value == SIGKILL);
  CHECK(start_worker(second, 1).number == 1);
}

TEST_CASE("a dead worker that nobody forgot is remembered across a reload, with its memory") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  const Worker dead = start_worker(first, 1);
  dead.order(OrderKind::stop, 42);
  first.expect(Kind::worker_died);
  auto second = reload(house, first);
  second.expect(Kind::welcome);
  const Worker remembered = expect_older(second);
  for (std::size_t i = 0; i < 6; ++i) CHECK(inode_of(remembered.fds[i]) == inode_of(dead.fds[i]));
  const auto died = second.expect(Kind::worker_died).message;
  CHECK(died.incarnation == dead.incarnation);
  CHECK(died.code == CLD_EXITED);
  CHECK(died.value == 42);
  second.expect(Kind::handover_done);
}

// Workers of before a reload are the main thread's own children, as orphans are: once they would have been taken for such.
TEST_CASE("after a reload the trees of dead workers are killed, and living workers are not") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  const Worker one = start_worker(first, 1), two = start_worker(first, 2), three = start_worker(first, 3);
  one.leave_behind(3);
  two.leave_behind(3);
  auto second = reload(house, first);
  second.expect(Kind::welcome);
  for (int i = 0; i < 3; ++i) expect_older(second);
  second.expect(Kind::handover_done);
  for (const Worker* dying : {&one, &two}) ::kill(dying->pid, SIGKILL);
  for (int i = 0; i < 2; ++i) CHECK(second.expect(Kind::worker_died).message.code == CLD_KILLED);
  CHECK(House::processes_of(house.instance()).size() == 2);  // the broker and the third worker
  CHECK(!three.is_zombie_or_gone());
}

TEST_CASE("ten reloads leak no descriptor, and the daemon still ends cleanly") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  start_worker(broker, 1);
  // Some more than that may be open just now, of the worker's start: fewer than ten leaks would be.
  const std::size_t before = house.open_descriptors();
  for (int i = 0; i < 10; ++i) {
    broker = reload(house, broker);
    broker.expect(Kind::welcome);
    expect_older(broker);
    broker.expect(Kind::handover_done);
    broker.start_worker(1);  // there already: ignored
    CHECK(value_of(broker.arguments, "--restarts") == std::to_string(i + 1));
  }
  const bool none_leaked = testing::wait_until([&] { return house.open_descriptors() <= before; });
  INFO(before << " before, " << house.open_descriptors() << " after");
  CHECK(none_leaked);
  const std::string instance = house.instance();
  house.signal(SIGTERM);
  broker.expect(Kind::drain);
  broker.say(Kind::drained);
  broker.expect(Kind::stop_now);
  broker.exit_with(0);
  CHECK(house.wait() == 0);
  CHECK(House::processes_of(instance).empty());
  CHECK(!std::filesystem::exists(house.socket()));
  CHECK(!std::filesystem::exists(house.state_dir() + "/instance"));
}

TEST_CASE("a reload reads the configuration anew, from where the daemon was started, but keeps socket and state") {
  test::TemporaryDir dir;
  const auto write = [&](const std::string& text) { std::ofstream(dir / "pool.toml") << text; };
  write("workers = 3\nlog_level = \"info\"\n");
  House house({"--config", "pool.toml", "--log-level", "debug"}, "cd '" + (dir / "") + "' && exec");
  auto first = house.next_broker();
  first.expect_empty_handover();
  CHECK(value_of(first.arguments, "--workers") == "3");
  write("workers = 5\nplugin_dirs = [\"/p\"]\nsocket = \"/elsewhere\"\nqueue_limit = 7\n");
  auto second = reload(house, first);
  CHECK(value_of(second.arguments, "--workers") == "5");
  CHECK(value_of(second.arguments, "--plugin-dir") == "/p");
  CHECK(value_of(second.arguments, "--queue-limit") == "7");
  CHECK(value_of(second.arguments, "--log-level") == "debug");  // the command line still wins
  CHECK(value_of(second.arguments, "--socket") == house.socket());
}

TEST_CASE("a socket that the configuration moves stays where it is, and the log says so") {
  test::TemporaryDir dir;
  std::ofstream(dir / "pool.toml") << "drain_seconds = 1\n";
  House house({"--config", dir / "pool.toml"}, "exec env JOBPOOL_SOCKET=/ignored");
  auto first = house.next_broker();
  first.expect_empty_handover();
  const ino_t socket = inode_at(house.socket());
  house.install("case \"$*\" in *--check-config*) ;; *) set -- \"$@\" --socket /elsewhere/socket;; esac\nexec \"$JOBPOOLD\" \"$@\"");
  auto second = reload(house, first);
  second.expect_empty_handover();
  CHECK(value_of(second.arguments, "--socket") == house.socket());
  CHECK(inode_at(house.socket()) == socket);
  CHECK(house.log().find("/elsewhere/socket is ignored") != std::string::npos);
}

TEST_CASE("a supervisor that is killed after a reload takes its workers along, and the next start cleans up") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  const Worker worker = start_worker(first, 1);
  worker.leave_behind(2);
  auto second = reload(house, first);
  second.expect(Kind::welcome);
  const std::string instance = house.instance();
  house.signal(SIGKILL);
  CHECK(house.wait() == -SIGKILL);
  CHECK(testing::wait_until([&] { return worker.is_zombie_or_gone(); }));
  house.start_again();
  auto third = house.next_broker();
  CHECK(House::processes_of(instance).empty());
  CHECK(house.instance() != instance);
  third.expect_empty_handover();
}
