// Reloads that cannot be: the daemon that runs goes on, and says why.
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/supervisor/house_harness.hpp"

using namespace jobpool;
using control::Kind;
using test::Broker;
using test::House;
using test::Worker;

namespace {

// Waits until the log says `words`; the same broker then still serves.
void expect_refusal(const House& house, Broker& broker, const std::string& words) {
  const bool said = testing::wait_until([&] { return house.log().find(words) != std::string::npos; });
  INFO(house.log());
  REQUIRE(said);
  broker.expect(Kind::reload_refused);  // for those who wait for it there
  broker.start_worker(1);
  Worker worker(broker.expect(Kind::worker_started));
  CHECK(!worker.is_zombie_or_gone());
}

}  // namespace

TEST_CASE("a program that says no in its trial run leaves the old one serving") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  house.install("exit 3");
  house.signal(SIGHUP);
  expect_refusal(house, broker, "does not take over (exit code 3");
}

TEST_CASE("a program that may not be executed leaves the old one serving") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  house.install("exit 0");
  std::filesystem::permissions(house.installed_program(), std::filesystem::perms::owner_read);
  house.signal(SIGHUP);
  expect_refusal(house, broker, "going on as before");
}

TEST_CASE("a program that does not know reloads leaves the old one serving") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  house.install("case \"$*\" in *--resume-fd*) echo unknown option >&2; exit 2;; esac");
  house.signal(SIGHUP);
  expect_refusal(house, broker, "does not take over (exit code 2");
}

TEST_CASE("an installation without a worker's program leaves the old one serving, and names it") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const std::string program = std::filesystem::path(house.installed_program()).replace_filename("jobpool-worker");
  const std::filesystem::path fake = std::filesystem::read_symlink(program);
  std::filesystem::remove(program);
  house.signal(SIGHUP);
  REQUIRE(testing::wait_until([&] { return house.log().find("does not take over") != std::string::npos; }));
  CHECK(house.log().find("jobpool-worker: No such file") != std::string::npos);
  std::filesystem::create_symlink(fake, program);
  expect_refusal(house, broker, "does not take over");
}

// The new daemon found out for itself: that waited for a broker for ever, and whoever waited for the reload for half a minute.
TEST_CASE("an installation with a program that cannot start leaves the old one serving, and names it") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  const auto [name, script, told] = GENERATE(table<std::string, std::string, std::string>(
      {{"jobpool-broker", "echo no such library >&2; exit 127", "jobpool-broker does not work here (exit code 127"},
       {"jobpool-broker", "kill -11 $$", "jobpool-broker does not work here (signal 11"},
       {"jobpool-worker", "exit 3", "jobpool-worker does not work here (exit code 3"}}));
  house.install(name, script);
  house.signal(SIGHUP);
  expect_refusal(house, broker, "does not take over");
  CHECK(house.log().find(told) != std::string::npos);
}

TEST_CASE("a broker is tried before a reload with the state directory that stays") {
  test::TemporaryDir dir;
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  house.install("jobpool-broker", "echo \"$@\" >'" + (dir / "words") + "'; exit 1");
  house.signal(SIGHUP);
  broker.expect(Kind::reload_refused);
  std::ifstream words(dir / "words");
  std::string line;
  CHECK(std::getline(words, line));
  CHECK(line == "--check-store " + house.state_dir());
}

TEST_CASE("a configuration that is broken leaves the old one serving, and names the line") {
  test::TemporaryDir dir;
  std::ofstream(dir / "pool.toml") << "workers = 3\n";
  House house({"--config", dir / "pool.toml"});
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  std::ofstream(dir / "pool.toml") << "\nwokers = 3\n";
  house.signal(SIGHUP);
  expect_refusal(house, broker, "does not take over");
  CHECK(house.log().find("pool.toml:2") != std::string::npos);
}

TEST_CASE("a configuration that breaks between trial and change-over costs nothing but itself") {
  test::TemporaryDir dir;
  std::ofstream(dir / "pool.toml") << "workers = 3\n";
  House house({"--config", dir / "pool.toml"});
  auto first = house.next_broker();
  first.expect_empty_handover();
  house.install("case \"$*\" in *--check-config*) ;; *) echo nonsense >'" + (dir / "pool.toml") + "';; esac\nexec \"$JOBPOOLD\" \"$@\"");
  house.signal(SIGHUP);
  first.expect_end();
  auto second = house.next_broker();
  second.expect_empty_handover();
  CHECK(house.log().find("going on with the settings from before the reload") != std::string::npos);
}

TEST_CASE("a program that vanishes after its trial run leaves the old one serving, with a new broker and the same workers") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  first.start_worker(1);
  const Worker worker(first.expect(Kind::worker_started));
  house.install("rm \"$0\"");
  house.signal(SIGHUP);
  first.expect_end();
  auto second = house.next_broker();
  second.expect(Kind::welcome);
  auto started = second.expect(Kind::worker_started);
  CHECK(started.message.value == static_cast<int>(control::Origin::inherited));
  CHECK(Worker(std::move(started)).pid == worker.pid);
  second.expect(Kind::handover_done);
  CHECK(house.log().find("going on as before") != std::string::npos);
  // And the next one works.
  house.install("exec \"$JOBPOOLD\" \"$@\"");
  house.signal(SIGHUP);
  second.expect_end();
  auto third = house.next_broker();
  third.expect(Kind::welcome);
  CHECK(Worker(third.expect(Kind::worker_started)).pid == worker.pid);
}

TEST_CASE("while jobs finish for a stop, a reload is refused") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  house.signal(SIGTERM);
  broker.expect(Kind::drain);
  house.signal(SIGHUP);
  CHECK(testing::wait_until([&] { return house.log().find("no reload any more") != std::string::npos; }));
  broker.expect(Kind::reload_refused);
  broker.say(Kind::drained);
  broker.expect(Kind::stop_now);
  broker.exit_with(0);
  CHECK(house.wait() == 0);
}

TEST_CASE("a stop that comes during the trial run wins") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  house.install(": >'" + house.file("trying") + "'; while ! [ -e '" + house.file("go") + "' ]; do :; done");
  house.signal(SIGHUP);
  REQUIRE(testing::wait_until([&] { return std::filesystem::exists(house.file("trying")); }));
  house.signal(SIGTERM);
  broker.expect(Kind::drain);
  std::ofstream(house.file("go")) << "";
  broker.expect(Kind::reload_refused);
  broker.say(Kind::drained);
  broker.expect(Kind::stop_now);
  broker.exit_with(0);
  CHECK(house.wait() == 0);
}

namespace {

void ask_for_reload(Broker& broker, std::int64_t number) {
  control::Message reload;
  reload.kind = Kind::reload;
  reload.usec = number;
  broker.say(reload);
}

}  // namespace

// Whoever asked meanwhile was passed over, and told what had become of the other's program.
TEST_CASE("who asks for a reload while another is tried gets a trial of its own when that fails") {
  House house;
  auto first = house.next_broker();
  first.expect_empty_handover();
  const Worker worker = start_worker(first, 1);  // else none is started during a trial
  house.install(": >'" + house.file("trying") + "'; while ! [ -e '" + house.file("go") + "' ]; do :; done; exit 3");
  ask_for_reload(first, 1);
  REQUIRE(testing::wait_until([&] { return std::filesystem::exists(house.file("trying")); }));
  ask_for_reload(first, 2);
  ask_for_reload(first, 3);
  REQUIRE(testing::wait_until([&] { return house.log().find("it is tried once more") != std::string::npos; }));
  start_worker(first, 2);  // the answer to that says that all of the above was read
  house.install("exec \"$JOBPOOLD\" \"$@\"");
  std::ofstream(house.file("go")) << "";
  CHECK(first.expect(Kind::reload_refused).message.usec == 1);
  first.expect_end();
  auto second = house.next_broker();
  second.expect(Kind::welcome);
  CHECK(Worker(second.expect(Kind::worker_started)).pid == worker.pid);
}

TEST_CASE("a reload that is refused for a HUP is not told to a broker's caller") {
  House house;
  auto broker = house.next_broker();
  broker.expect_empty_handover();
  house.install("exit 3");
  house.signal(SIGHUP);
  CHECK(broker.expect(Kind::reload_refused).message.usec == 0);
  ask_for_reload(broker, 1);
  CHECK(broker.expect(Kind::reload_refused).message.usec == 1);
}

TEST_CASE("the next broker is told how many reloads there were, and how many failed after the end of its predecessor") {
  House house;
  const auto counts = [](const Broker& broker) {
    std::string all;
    for (std::size_t i = 0; i + 1 < broker.arguments.size(); ++i)
      if (broker.arguments[i].find("reloads") != std::string::npos) all += broker.arguments[i] + " " + broker.arguments[i + 1] + " ";
    return all;
  };
  auto first = house.next_broker();
  first.expect_empty_handover();
  CHECK(counts(first) == "--reloads 0 --failed-reloads 0 ");
  house.install("rm \"$0\"");
  house.signal(SIGHUP);
  first.expect_end();
  auto second = house.next_broker();
  second.expect_empty_handover();
  CHECK(counts(second) == "--reloads 0 --failed-reloads 1 ");
  house.install("exec \"$JOBPOOLD\" \"$@\"");
  house.signal(SIGHUP);
  second.expect_end();
  CHECK(counts(house.next_broker()) == "--reloads 1 --failed-reloads 1 ");
}
