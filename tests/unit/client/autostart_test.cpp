// A private daemon is started once, whoever asks, and its death at the start is told.
#include "client/cli/autostart.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::cli;
using namespace jobpool::testing;

namespace {

// A folder with room for a daemon; ends the one that was started in it.
class Place {
 public:
  Place() : start_{FAKE_DAEMON, folder_.file("socket"), "", folder_.file("log")} {}
  ~Place() {
    auto connection = client::Connection::open(start_.socket, Clock::now() + std::chrono::seconds{10});
    if (connection) (void)connection->call("org.jobpool.Pool.Shutdown", "{}", Clock::now() + std::chrono::seconds{10});
  }
  const DaemonStart& start() const { return start_; }
  std::string file(const std::string& name) const { return folder_.file(name); }
  int starts() const {
    std::ifstream file(folder_.file("starts"));
    int count = 0;
    for (std::string line; std::getline(file, line);) ++count;
    return count;
  }

 private:
  TempDir folder_;
  DaemonStart start_;
};

}  // namespace

TEST_CASE("the daemon that is started answers, and is known by its instance") {
  const Place place;
  const Result<client::Connection> connection = start_daemon(place.start());
  REQUIRE(connection);
  CHECK_FALSE(connection->instance().empty());
  CHECK(place.starts() == 1);
}

TEST_CASE("many who find no daemon at once start exactly one") {
  const Place place;
  std::vector<std::thread> threads;
  std::vector<int> answered(12, 0);
  for (int& flag : answered) {
    threads.emplace_back([&place, &flag] {
      const Result<client::Connection> connection = start_daemon(place.start());
      flag = connection ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(answered == std::vector<int>(12, 1));
  CHECK(place.starts() == 1);
}

TEST_CASE("a daemon that dies at its start is quoted from its log") {
  const Place place;
  std::ofstream(place.file("die")) << "please\n";
  std::ofstream(place.file("log")) << "an older life\n";
  const Result<client::Connection> connection = start_daemon(place.start());
  REQUIRE_FALSE(connection);
  CHECK(connection.error().code == Errc::closed);
  CHECK(is_death_at_start(connection.error()));
  CHECK_FALSE(is_death_at_start(Error{Errc::closed, "nobody answers"}));
  CHECK(connection.error().text.find("the store is unreadable") != std::string::npos);
  CHECK(connection.error().text.find("an older life") == std::string::npos);
}

TEST_CASE("a daemon that leaves the place to another one is not called dead when that one listens a little later") {
  // The bug: only one look was taken for the other one.
  const Place place;
  std::ofstream(place.file("another")) << "please\n";
  const Result<client::Connection> connection = start_daemon(place.start());
  REQUIRE(connection);
  CHECK(place.starts() == 1);
}

TEST_CASE("an explicit socket gets a state directory of its own, and none where nothing can be written") {
  const TempDir folder;
  const std::string fake = FAKE_DAEMON;
  ::setenv("PATH", fake.substr(0, fake.rfind('/')).c_str(), 1);
  const Result<DaemonStart> start = plan_daemon_start(client::plan_socket(folder.file("s"), {}), {});
  REQUIRE(start);
  CHECK(start->program == fake);
  CHECK(start->socket == folder.file("s"));
  CHECK(start->state_dir == folder.file("s.state"));
  CHECK(start->log == folder.file("s.state/jobpoold.log"));
  CHECK_FALSE(plan_daemon_start(client::plan_socket("/tmp/no/such/s", {}), {}));
  ::setenv("PATH", "/nowhere", 1);
  CHECK(plan_daemon_start(client::plan_socket(folder.file("s"), {}), {}).error().code == Errc::not_found);
}

TEST_CASE("the usual socket gets its directory, for nobody else's eyes, and a log under the state home") {
  const TempDir folder;
  const std::string fake = FAKE_DAEMON;
  ::setenv("PATH", fake.substr(0, fake.rfind('/')).c_str(), 1);
  const client::Surroundings around{"", folder.file("run"), "", folder.file("home/.local/state")};
  const Result<DaemonStart> start = plan_daemon_start(client::plan_socket("", around), around);
  REQUIRE(start);
  CHECK(start->socket == folder.file("run/jobpool/socket"));
  CHECK(start->state_dir.empty());
  CHECK(start->log == folder.file("home/.local/state/jobpool/jobpoold.log"));
  struct stat status {};
  REQUIRE(::stat(folder.file("run/jobpool").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
}

TEST_CASE("inside a service, and where it is forbidden, none is started") {
  ::unsetenv("INVOCATION_ID");
  ::unsetenv("JOBPOOL_NO_AUTOSTART");
  CHECK(may_start_daemon());
  ::setenv("INVOCATION_ID", "0123", 1);
  CHECK_FALSE(may_start_daemon());
  ::unsetenv("INVOCATION_ID");
  ::setenv("JOBPOOL_NO_AUTOSTART", "1", 1);
  CHECK_FALSE(may_start_daemon());
  ::unsetenv("JOBPOOL_NO_AUTOSTART");
}
