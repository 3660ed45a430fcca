// jobpool doctor: against a daemon that is well, and one that is not.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

using namespace jobpool::testing;

namespace {

std::map<std::string, json> examined(const Daemon& daemon) {
  std::map<std::string, json> findings;
  std::istringstream lines(daemon.run({"doctor", "--json"}).out);
  for (std::string line; std::getline(lines, line);) {
    const json finding = json::parse(line, nullptr, false);
    REQUIRE(finding.is_object());
    findings[finding["check"]] = finding;
  }
  return findings;
}

// By root nothing is run that is not root's alone. A tree that root builds and somebody else owns is such a thing.
bool others_could_replace_programs() {
  if (::geteuid() != 0) return false;
  for (std::filesystem::path path = program("jobpoold"); path != path.parent_path(); path = path.parent_path()) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0 || about.st_uid != 0 || (about.st_mode & 022) != 0) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("doctor looks at the daemon that answers, and names what is wrong with its remedy") {
  Daemon daemon({.workers = 1});
  auto findings = examined(daemon);
  if (!others_could_replace_programs())
    for (const char* check : {"configuration", "SQLite"}) CHECK(findings[check]["health"] == "good");
  for (const char* check : {"daemon", "version", "protocol", "state directory"}) {
    INFO(check << ": " << findings[check]);
    CHECK(findings[check]["health"] == "good");
  }
  for (const char* check : {"free space", "ballast", "open files", "processes", "process trees", "memory", "clock", "systemd unit",
                            "file system", "socket directory"})
    CHECK(findings.contains(check));

  REQUIRE(::chmod(daemon.file("state").c_str(), 0755) == 0);
  daemon.configure("worker = 3\n");
  findings = examined(daemon);
  CHECK(findings["state directory"]["health"] == "problem");
  CHECK(findings["state directory"]["remedy"] == "chmod 0700 " + daemon.file("state"));
  if (!others_could_replace_programs()) {
    CHECK(findings["configuration"]["health"] == "problem");
    CHECK(findings["configuration"]["text"].get<std::string>().find("did you mean 'workers'?") != std::string::npos);
  }
  const Finished shown = daemon.run({"doctor"});
  CHECK(shown.exit_code == 1);
  CHECK(shown.out.find("problem  state directory: ") != std::string::npos);
  CHECK(shown.out.find("→ chmod 0700 ") != std::string::npos);
  CHECK(daemon.run({"doctor", "now"}).exit_code == 2);
  daemon.configure("");
}

TEST_CASE("where no daemon answers and none may be started, that is the problem") {
  TempDir folder;
  Daemon daemon;
  const Finished finished = daemon.run({"--socket", folder.file("nobody"), "--no-autostart", "doctor"});
  CHECK(finished.exit_code == 1);
  CHECK(finished.out.find("problem  daemon: ") != std::string::npos);
}

TEST_CASE("a daemon that dies of its configuration is told with what mends it") {
  // The bug: all that it had logged stood on one line with \x0a in it, and "start it" was the remedy.
  TempDir folder;
  std::filesystem::create_directories(folder.file("jobpool"));
  std::ofstream(folder.file("jobpool/jobpool.toml")) << "worker = 3\n";
  const auto doctor = [&folder](std::vector<std::string> words) {
    words.insert(words.begin(), {program("jobpool"), "--socket", folder.file("socket")});
    return run({.argv = std::move(words), .environment = {"XDG_CONFIG_HOME=" + folder.path().string()}});
  };
  const Finished started = doctor({"doctor"});
  INFO(started.out);
  CHECK(started.exit_code == 1);
  CHECK(started.out.find("died at once; its log ") != std::string::npos);
  CHECK(started.out.find("→ mend what its log says") != std::string::npos);
  CHECK(started.out.find("\\x0a") == std::string::npos);
  CHECK(started.out.find("→ start it") == std::string::npos);
  for (const Finished& finished : {started, doctor({"doctor", "--no-autostart"})}) {
    const std::size_t at = finished.out.find("problem  configuration: ");
    REQUIRE(at != std::string::npos);
    CHECK(finished.out.find("did you mean 'workers'?", at) != std::string::npos);
  }
}
