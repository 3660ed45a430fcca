// The user's socket unit is started by systemctl, which may be missing, fail or hang.
#include "client/cli/user_unit.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace jobpool;
using namespace jobpool::cli;
using namespace std::chrono_literals;

namespace {

// A runtime directory of a user whose systemd runs, and a systemctl that is this script.
class Systemd {
 public:
  explicit Systemd(const std::string& script) {
    std::filesystem::create_directories(folder_.path() / "systemd");
    std::ofstream(folder_.file("systemd/private"));
    std::ofstream(folder_.file("systemctl")) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(folder_.path() / "systemctl", std::filesystem::perms::owner_all);
    ::setenv("PATH", (folder_.path().string() + ":/usr/bin:/bin").c_str(), 1);
  }
  std::string runtime_directory() const { return folder_.path(); }

 private:
  testing::TempDir folder_;
};

}  // namespace

TEST_CASE("a unit that starts is started") { CHECK(start_user_unit(Systemd("exit 0").runtime_directory())); }

TEST_CASE("no unit, no systemctl and no systemd are all the same: not there") {
  const Systemd without_unit("exit 5");
  CHECK(start_user_unit(without_unit.runtime_directory()).error().code == Errc::not_found);
  const testing::TempDir without_systemd;
  CHECK(start_user_unit(without_systemd.path()).error().code == Errc::not_found);
  CHECK(start_user_unit("").error().code == Errc::not_found);
  ::setenv("PATH", "/nowhere", 1);
  CHECK(start_user_unit(without_unit.runtime_directory()).error().code == Errc::not_found);
}

TEST_CASE("a unit that cannot be started is told, with the way to learn more") {
  const Systemd systemd("kill -9 $$");
  const Result<void> started = start_user_unit(systemd.runtime_directory());
  REQUIRE_FALSE(started);
  CHECK(started.error().code == Errc::closed);
  CHECK(started.error().text.find("137") != std::string::npos);
  CHECK(started.error().text.find("systemctl --user status jobpoold.socket") != std::string::npos);
}

TEST_CASE("a systemctl that hangs is killed when its time is over") {
  const Systemd systemd("exec sleep 1000");
  const auto begin = std::chrono::steady_clock::now();
  const Result<void> started = start_user_unit(systemd.runtime_directory(), 50ms);
  REQUIRE_FALSE(started);
  CHECK(started.error().code == Errc::timed_out);
  CHECK(std::chrono::steady_clock::now() - begin >= 50ms);
}
