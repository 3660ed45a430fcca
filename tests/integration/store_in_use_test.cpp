// Somebody else looks at the store in the moment in which no broker has it.
#include <signal.h>
#include <sqlite3.h>

#include <memory>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/processes.hpp"
#include "tests/support/wait_until.hpp"

using namespace jobpool::testing;

TEST_CASE("a store that somebody else has when a broker starts costs neither the daemon nor what runs") {
  // The bug: a backup that had waited for the store got it when a broker died. The next one took that for another daemon, gave up for good,
  // and all that ran was killed.
  Daemon daemon({.workers = 1});
  Gate gate(daemon.file("gate"));
  const std::string id = daemon.submit({"--", "sh", "-c", gate.wait() + "; echo done"});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
  const pid_t broker = daemon.broker_pid();
  REQUIRE(::kill(daemon.pid(), SIGSTOP) == 0);
  REQUIRE(::kill(broker, SIGKILL) == 0);
  REQUIRE(wait_until([&] { return !is_alive(broker); }));
  {
    sqlite3* handle = nullptr;
    REQUIRE(::sqlite3_open(daemon.file("state/jobs.sqlite").c_str(), &handle) == SQLITE_OK);
    const std::unique_ptr<sqlite3, int (*)(sqlite3*)> backup(handle, &::sqlite3_close);
    // Its store's thread may have the locks a little longer than its first thread lives.
    REQUIRE(wait_until([&] { return ::sqlite3_exec(handle, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK; }));
    REQUIRE(::kill(daemon.pid(), SIGCONT) == 0);
    CHECK(wait_until([&] { return daemon.log().find("leaving it to another broker") != std::string::npos; }));
  }
  gate.open();
  CHECK(daemon.run({"get", id}).out == "done\n");
}
