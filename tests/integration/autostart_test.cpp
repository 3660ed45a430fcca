// No daemon running: the client starts a private one, once.
#include <signal.h>

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
                        "XDG_STATE_HOME=" + folder_.file("home/state")};
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

 private:
  TempDir folder_;
};

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

TEST_CASE("a socket that vanished is bound again") {
  const Login login;
  REQUIRE(login.run({"apply", "--", "true"}).exit_code == 0);
  REQUIRE(std::filesystem::remove(login.socket()));
  const Finished finished = login.run({"apply", "--", "echo", "again"});
  INFO(finished.err);
  CHECK(finished.out == "again\n");
  CHECK(std::filesystem::is_socket(login.socket()));
}

TEST_CASE("an explicit socket with nobody behind it is no wish for a daemon elsewhere") {
  const Login login;
  const Finished finished = login.run({"--socket", "/tmp/no/such/jobpool-socket", "--no-autostart", "ping"});
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("/tmp/no/such/jobpool-socket") != std::string::npos);
}
