// No daemon running: the client starts a private one, once.
#include <signal.h>

#include <fstream>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/processes.hpp"

using namespace jobpool::testing;

namespace {

// A login without any daemon: own home, own runtime folder. Ends what was started in it.
class Login {
 public:
  Login() {
    for (const char* name : {"run", "home"}) std::filesystem::create_directory(folder_.path() / name);
    std::filesystem::permissions(folder_.path() / "run", std::filesystem::perms::owner_all);
  }
  ~Login() {
    run({"--no-autostart", "shutdown", "--now"});
    const bool gone = wait_until([&] { return processes_with(folder_.path().string()).empty(); });
    CHECK(gone);
  }

  Invocation invocation(std::vector<std::string> words) const {
    Invocation call;
    call.argv = std::move(words);
    call.argv.insert(call.argv.begin(), program("jobpool"));
    call.environment = {"XDG_RUNTIME_DIR=" + folder_.file("run"), "HOME=" + folder_.file("home"),
                        "XDG_STATE_HOME=" + folder_.file("home/state"), "PATH=" + folder_.file("bin") + ":/usr/bin:/bin"};
    return call;
  }
  Finished run(std::vector<std::string> words, const std::vector<std::string>& environment = {}) const {
    Invocation call = invocation(std::move(words));
    call.environment.insert(call.environment.end(), environment.begin(), environment.end());
    return jobpool::testing::run(std::move(call));
  }
  std::string instance() const {
    const Finished hello = run({"--no-autostart", "call", "org.jobpool.Pool.Hello"});
    INFO(hello.err);
    REQUIRE(hello.exit_code == 0);
    return json::parse(hello.out)["instance"];
  }
  std::string socket() const { return folder_.file("run/jobpool/socket"); }

  // A systemd of the user, whose systemctl notes what it is asked and then does this.
  void install_systemctl(const std::string& script) const {
    std::filesystem::create_directories(folder_.path() / "run/systemd");
    std::filesystem::create_directory(folder_.path() / "bin");
    std::ofstream(folder_.file("run/systemd/private"));
    std::ofstream(folder_.file("bin/systemctl")) << "#!/bin/sh\necho \"$*\" >>'" << folder_.file("asked") << "'\n" << script << "\n";
    std::filesystem::permissions(folder_.path() / "bin/systemctl", std::filesystem::perms::owner_all);
  }
  void end_systemd() const { std::filesystem::remove(folder_.path() / "run/systemd/private"); }
  std::string asked_systemctl() const {
    std::ostringstream text;
    text << std::ifstream(folder_.file("asked")).rdbuf();
    return text.str();
  }
  bool has_private_daemon() const { return std::filesystem::exists(folder_.path() / "home/state/jobpool/jobpoold.log"); }

 private:
  TempDir folder_;
};

// What systemd would do on the first connection, only earlier. (The test's own bug: the socket's file was waited for, which is there a
// moment before anybody listens.)
std::string start_like_the_unit(const Login& login) {
  const std::string folder = login.socket().substr(0, login.socket().rfind('/'));
  return "mkdir -p '" + folder + "'\nsetsid '" + program("jobpoold") + "' --socket '" + login.socket() + "' --state-dir '" + folder +
         "/state' </dev/null >/dev/null 2>&1 &\nwhile ! '" + program("jobpool") + "' --socket '" + login.socket() +
         "' --no-autostart ping </dev/null >/dev/null 2>&1; do :; done";
}

}  // namespace

TEST_CASE("the first client starts a private daemon, which lives on for the next") {
  const Login login;
  const Finished first = login.run({"apply", "--", "echo", "hi"});
  INFO(first.err);
  CHECK(first.exit_code == 0);
  CHECK(first.out == "hi\n");
  const std::string instance = login.instance();
  CHECK(login.run({"apply", "--", "echo", "ho"}).out == "ho\n");
  CHECK(login.instance() == instance);
  CHECK(std::filesystem::is_socket(login.socket()));
}

TEST_CASE("shutdown returns when the next command starts a daemon of its own") {
  // The bug: it returned when the broker had gone, and a command that came before the daemon had was taken by nobody: exit code 125.
  const Login login;
  std::string before;
  for (int time = 0; time < 5; ++time) {
    const Finished next = login.run({"apply", "--", "true"});
    INFO(next.err);
    REQUIRE(next.exit_code == 0);
    CHECK(login.instance() != std::exchange(before, login.instance()));
    CHECK(login.run({"shutdown"}).exit_code == 0);
  }
}

TEST_CASE("many first clients at once share one daemon") {
  const Login login;
  std::vector<Child> clients;
  for (int count = 0; count < 20; ++count) clients.emplace_back(login.invocation({"call", "org.jobpool.Pool.Hello"}));
  std::vector<std::string> instances;
  for (Child& client : clients) {
    const Finished finished = client.finish();
    INFO(finished.err);
    REQUIRE(finished.exit_code == 0);
    instances.push_back(json::parse(finished.out)["instance"]);
  }
  for (const std::string& instance : instances) CHECK(instance == instances[0]);
}

TEST_CASE("no daemon is started where none is wanted") {
  const Login login;
  const Finished forbidden = login.run({"--no-autostart", "apply", "--", "true"});
  CHECK(forbidden.exit_code == 125);
  CHECK_FALSE(forbidden.err.empty());
  const Finished in_service = login.run({"apply", "--", "true"}, {"INVOCATION_ID=0123456789abcdef0123456789abcdef"});
  CHECK(in_service.exit_code == 125);
  CHECK_FALSE(in_service.err.empty());
  CHECK_FALSE(std::filesystem::exists(login.socket()));
}

// Whoever may write to the folder of the socket chose the file that the daemon's log went to.
TEST_CASE("the log of a private daemon is never written through a link") {
  const Login login;
  const TempDir shared;
  std::filesystem::create_directory(shared.path() / "socket.state");
  std::ofstream(shared.file("victim")) << "untouched";
  std::filesystem::create_symlink(shared.file("victim"), shared.file("socket.state/jobpoold.log"));
  CHECK(login.run({"--socket", shared.file("socket"), "apply", "--", "true"}).exit_code == 125);
  std::ostringstream text;
  text << std::ifstream(shared.file("victim")).rdbuf();
  CHECK(text.str() == "untouched");
}

TEST_CASE("a socket that vanished is bound again") {
  const Login login;
  REQUIRE(login.run({"apply", "--", "true"}).exit_code == 0);
  REQUIRE(std::filesystem::remove(login.socket()));
  const Finished finished = login.run({"apply", "--", "echo", "again"});
  INFO(finished.err);
  CHECK(finished.out == "again\n");
  CHECK(std::filesystem::is_socket(login.socket()));
}

TEST_CASE("where the user's systemd has a socket unit, that is started instead of a private daemon") {
  const Login login;
  login.install_systemctl(start_like_the_unit(login));
  const Finished first = login.run({"apply", "--", "echo", "hi"});
  CHECK(first.out == "hi\n");
  CHECK(first.err.empty());
  CHECK(login.asked_systemctl() == "--user --quiet --no-ask-password start jobpoold.socket\n");
  CHECK_FALSE(login.has_private_daemon());
  CHECK(login.run({"apply", "--", "echo", "ho"}).out == "ho\n");
  CHECK(login.asked_systemctl() == "--user --quiet --no-ask-password start jobpoold.socket\n");  // once
}

TEST_CASE("a unit that is not installed is no news, one that fails is, either way a private daemon is started") {
  const bool installed = GENERATE(false, true);
  const Login login;
  login.install_systemctl(installed ? "exit 1" : "exit 5");
  const Finished finished = login.run({"apply", "--", "echo", "hi"});
  CHECK(finished.out == "hi\n");
  CHECK(finished.exit_code == 0);
  CHECK(finished.err.empty() == !installed);
  CHECK((finished.err.find("jobpoold.socket") != std::string::npos) == installed);
  CHECK(login.has_private_daemon());
}

TEST_CASE("a unit that says it is started but does not listen is replaced by a private daemon") {
  const Login login;
  login.install_systemctl("exit 0");
  CHECK(login.run({"apply", "--", "echo", "hi"}).out == "hi\n");
  CHECK(login.has_private_daemon());
}

TEST_CASE("the unit is left alone where nothing is to be started, and by who names a socket or has no systemd") {
  const Login login;
  login.install_systemctl("exit 1");
  CHECK(login.run({"--no-autostart", "apply", "--", "true"}).exit_code == 125);
  CHECK(login.run({"apply", "--", "true"}, {"INVOCATION_ID=0123456789abcdef0123456789abcdef"}).exit_code == 125);
  CHECK(login.run({"--socket", "/tmp/no/such/jobpool-socket", "apply", "--", "true"}).exit_code == 125);
  CHECK(login.run({"ping"}).exit_code == 125);
  login.end_systemd();
  CHECK(login.run({"apply", "--", "echo", "hi"}).out == "hi\n");
  CHECK(login.asked_systemctl().empty());
}

TEST_CASE("an explicit socket with nobody behind it is no wish for a daemon elsewhere") {
  const Login login;
  const Finished finished = login.run({"--socket", "/tmp/no/such/jobpool-socket", "--no-autostart", "ping"});
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("/tmp/no/such/jobpool-socket") != std::string::npos);
}
