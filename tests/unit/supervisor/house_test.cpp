// jobpoold as a whole: starting, replacing brokers, stopping, and what it says when it cannot.
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/clock.hpp"
#include "common/exit_status.hpp"
#include "common/socket.hpp"
#include "daemon/supervisor/process_scan.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/supervisor/house_harness.hpp"

using namespace jobpool;
using control::Kind;
using control::OrderKind;
using test::Broker;
using test::House;
using test::value_of;
using test::Worker;

namespace {

struct stat status_of(const UniqueFd& fd) {
  struct stat status {};
  REQUIRE(::fstat(fd.get(), &status) == 0);
  return status;
}

bool has(const std::vector<std::string>& words, const std::string& option, const std::string& value) {
  return value_of(words, option) == value;
}

bool answers(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// Lets the broker obey a stop, and checks that nothing is left of the house.
void expect_clean_end(House& house, Broker& broker, const std::string& instance) {
  broker.expect(Kind::stop_now);
  broker.exit_with(0);
  CHECK(house.wait() == 0);
  CHECK(House::processes_of(instance).empty());
  CHECK(!std::filesystem::exists(house.socket()));
  CHECK(!std::filesystem::exists(house.state_dir() + "/instance"));
}

}  // namespace

TEST_CASE("the first broker gets its arguments, an empty ledger, the output directory and the listening socket") {
  House house({"-j", "3", "--plugin-dir", "/p1", "--plugin-dir", "/p2"});
  auto broker = house.next_broker();
  CHECK(has(broker.arguments, "--control-fd", "3"));
  CHECK(has(broker.arguments, "--instance", house.instance()));
  CHECK(has(broker.arguments, "--state-dir", house.state_dir()));
  CHECK(has(broker.arguments, "--socket", house.socket()));
  CHECK(has(broker.arguments, "--workers", "3"));
  CHECK(has(broker.arguments, "--restarts", "0"));
  CHECK(has(broker.arguments, "--plugin-dir", "/p1"));
  CHECK(broker.arguments.back() == "/p2");
  auto welcome = broker.expect(Kind::welcome);
  REQUIRE(welcome.fds.size() == 3);
  CHECK(status_of(welcome.fds[0]).st_size == 0);
  CHECK(S_ISDIR(status_of(welcome.fds[1]).st_mode));
  CHECK(S_ISSOCK(status_of(welcome.fds[2]).st_mode));
  broker.expect(Kind::handover_done);
  CHECK(answers(house.socket()));
  CHECK(House::processes_of(house.instance()) == std::vector<pid_t>{broker.pid});
}

TEST_CASE("a dead broker is replaced at once, and the new one holds the same ledger and socket") {
  House house;
  auto first = house.next_broker();
  auto welcome = first.expect(Kind::welcome);
  first.expect(Kind::handover_done);
  first.say(Kind::ready);
  first.die();
  auto second = house.next_broker();
  CHECK(has(second.arguments, "--restarts", "1"));
  auto again = second.expect(Kind::welcome);
  for (std::size_t i = 0; i < 3; ++i) CHECK(status_of(again.fds.at(i)).st_ino == status_of(welcome.fds.at(i)).st_ino);
  second.expect(Kind::handover_done);
}

// An instance once began when its first broker had made the ledger: a caller that had sent its job before, and lost that broker, was told
// that the daemon had been replaced, although it was the same one.
TEST_CASE("an instance began before its socket listened, whichever broker is asked") {
  const std::int64_t before = boot_usec();
  House house;
  REQUIRE(testing::wait_until([&] { return answers(house.socket()); }));
  const std::int64_t listened = boot_usec();
  auto first = house.next_broker();
  const std::int64_t since = std::stoll(value_of(first.arguments, "--since"));
  CHECK(since >= before);
  CHECK(since <= listened);
  first.die();
  auto second = house.next_broker();
  CHECK(has(second.arguments, "--since", std::to_string(since)));
}

TEST_CASE("TERM lets running jobs finish, then ends everything") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const std::string instance = house.instance();
  broker.start_worker(1);
  const Worker worker(broker.expect(Kind::worker_started));
  worker.leave_behind(2);
  house.signal(SIGTERM);
  const auto drain = broker.expect(Kind::drain).message;
  CHECK(drain.usec > 25'000'000);
  CHECK(drain.usec <= 30'000'000);
  CHECK(!worker.is_zombie_or_gone());
  broker.say(Kind::drained);
  expect_clean_end(house, broker, instance);
}

TEST_CASE("a broker that dies while jobs finish is replaced, and the new one finishes them") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  house.signal(SIGTERM);
  first.expect(Kind::drain);
  first.die();
  auto second = house.next_broker();
  second.expect_empty_handover();
  second.expect(Kind::drain);
  second.say(Kind::drained);
  expect_clean_end(house, second, house.instance());
}

TEST_CASE("INT and QUIT end everything at once, even in the middle of a graceful stop") {
  for (const int signal : {SIGINT, SIGQUIT}) {
    House house;
    auto broker = house.next_broker();
    broker.expect_empty_handover();
    broker.start_worker(1);
    broker.expect(Kind::worker_started);
    const std::string instance = house.instance();
    if (signal == SIGQUIT) {
      house.signal(SIGTERM);
      broker.expect(Kind::drain);
    }
    house.signal(signal);
    expect_clean_end(house, broker, instance);
  }
}

TEST_CASE("a client can ask for either stop through the broker") {
  for (const int now : {0, 1}) {
    House house;
    auto broker = house.next_broker();
    broker.expect_empty_handover();
    const std::string instance = house.instance();
    broker.say(Kind::shutdown, now);
    if (now == 0) {
      broker.expect(Kind::drain);
      broker.say(Kind::drained);
    }
    expect_clean_end(house, broker, instance);
  }
}

TEST_CASE("a broker and a worker that do not obey are killed, and nothing is left") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  broker.start_worker(1);
  const Worker worker(broker.expect(Kind::worker_started));
  worker.leave_behind(3);
  worker.order(OrderKind::signal, -2);
  worker.answer();
  const std::string instance = house.instance();
  broker.read_no_more();
  house.signal(SIGINT);
  CHECK(house.wait() == 0);
  CHECK(House::processes_of(instance).empty());
  INFO(house.log());
  CHECK(house.log().find("did not leave") != std::string::npos);
}

TEST_CASE("a worker that runs no command is not waited for") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  broker.start_worker(1);
  const Worker idle(broker.expect(Kind::worker_started));
  idle.order(OrderKind::signal, -1);
  idle.answer();
  const std::string instance = house.instance();
  house.signal(SIGINT);
  expect_clean_end(house, broker, instance);
  CHECK(house.log().find("did not leave") == std::string::npos);
}

TEST_CASE("a second daemon on the same state directory is refused with the pid of the first") {
  House house;
  auto broker = house.next_broker();
  std::string said;
  CHECK(house.run_beside({"--socket", house.socket() + "2"}, said) == kExitAnotherDaemon);
  CHECK(said.find("pid " + std::to_string(house.pid())) != std::string::npos);
  CHECK(answers(house.socket()));
}

TEST_CASE("a second daemon on the same socket is refused") {
  House house;
  auto broker = house.next_broker();
  std::string said;
  CHECK(house.run_beside({"--state-dir", house.state_dir() + "2"}, said) == kExitAnotherDaemon);
  CHECK(said.find("answers there already") != std::string::npos);
  CHECK(answers(house.socket()));
}

TEST_CASE("after a SIGKILL the next start kills what was left and takes over the socket") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  first.start_worker(1);
  const Worker worker(first.expect(Kind::worker_started));
  worker.leave_behind(3);
  const std::string instance = house.instance();
  house.signal(SIGKILL);
  CHECK(house.wait() == -SIGKILL);
  first.expect_end();
  CHECK(House::processes_of(instance).size() >= 3);
  CHECK(!answers(house.socket()));
  house.start_again();
  auto second = house.next_broker();
  CHECK(House::processes_of(instance).empty());
  CHECK(house.instance() != instance);
  CHECK(has(second.arguments, "--restarts", "0"));
  second.expect_empty_handover();
  CHECK(answers(house.socket()));
  CHECK(house.log().find("looking for what it left") != std::string::npos);
}

TEST_CASE("a socket that vanished is bound again, and the broker is told") {
  House house;
  auto broker = house.next_broker();
  auto welcome = broker.expect(Kind::welcome);
  broker.expect(Kind::handover_done);
  broker.say(Kind::ready);
  broker.start_worker(1);
  broker.expect(Kind::worker_started);  // it serves, so it watches
  const auto vanish = [&](int how) {
    const std::string directory = std::filesystem::path(house.socket()).parent_path();
    how == 0 ? (void)std::filesystem::remove(house.socket()) : std::filesystem::rename(directory, directory + ".away");
    auto again = broker.expect(Kind::welcome);
    REQUIRE(again.fds.size() == 3);
    CHECK(status_of(again.fds[2]).st_ino != status_of(welcome.fds[2]).st_ino);
    CHECK(status_of(again.fds[0]).st_ino == status_of(welcome.fds[0]).st_ino);
    CHECK(answers(house.socket()));
  };
  vanish(0);
  vanish(1);  // with its directory
}

TEST_CASE("a broker that says it cannot ever work ends the daemon with the same code") {
  House house;
  auto broker = house.next_broker();
  broker.exit_with(78);
  CHECK(house.wait() == 78);
  CHECK(!std::filesystem::exists(house.socket()));
}

TEST_CASE("who starts a daemon with SIGCHLD ignored does not take its children's exit statuses from it") {
  // The bug: the kernel reaped them at once. A broker that could not work was started again, and no reload was taken.
  House house({}, "trap '' CHLD; exec");
  auto broker = house.next_broker();
  broker.exit_with(78);
  CHECK(house.wait() == 78);
}

TEST_CASE("a broker that never becomes ready ends the daemon after five deaths") {
  House house;
  for (int i = 0; i < 5; ++i) house.next_broker().exit_with(3);
  CHECK(house.wait() == 1);
  CHECK(house.log().find("without ever being ready") != std::string::npos);
}

TEST_CASE("a broker that once was ready is replaced for ever") {
  House house;
  {
    auto broker = house.next_broker();
    broker.expect_empty_handover();
    broker.say(Kind::ready);
    broker.exit_with(3);
    broker.expect_end();
  }
  for (int i = 0; i < 7; ++i) house.next_broker().exit_with(3);
  CHECK(has(house.next_broker().arguments, "--restarts", "8"));
}

TEST_CASE("a missing broker program, a bad configuration and a socket path that is too long are clear errors") {
  House house;
  auto broker = house.next_broker();
  std::string said;
  const std::vector<std::string> elsewhere{"--state-dir", house.state_dir() + "2", "--socket", house.socket() + "2"};
  constexpr int kMisconfigured = 2;  // RestartPreventExitStatus= of the units
  auto with = [&](std::vector<std::string> more, int wanted) {
    more.insert(more.begin(), elsewhere.begin(), elsewhere.end());
    const int code = house.run_beside(more, said);
    CHECK(code == wanted);
    CHECK(!std::filesystem::exists(house.socket() + "2"));
  };
  with({"--program-dir", "/does/not/exist"}, 1);
  CHECK(said.find("/does/not/exist/jobpool-broker") != std::string::npos);
  CHECK(!std::filesystem::exists(house.state_dir() + "2/instance"));
  with({"--log-level", "loud"}, kMisconfigured);
  CHECK(said.find("loud") != std::string::npos);
  with({"--config", "/does/not/exist.toml"}, kMisconfigured);
  with({"--config", "/does/not/exist.toml", "--check-config"}, kMisconfigured);
  CHECK(said.find("/does/not/exist.toml") != std::string::npos);
  with({"--socket", "/tmp/" + std::string(200, 's')}, 1);
  CHECK(said.find("longer than 107 bytes") != std::string::npos);
}
