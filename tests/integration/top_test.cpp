// jobpool top on a terminal that a test holds the other end of.
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <algorithm>
#include <optional>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/pty.hpp"

using namespace jobpool::testing;

namespace {

// A `jobpool top` on a terminal of 80 by 24.
class LiveTop {
 public:
  explicit LiveTop(const Daemon& daemon, std::vector<std::string> environment = {}) {
    resize(24, 80);
    REQUIRE(::tcgetattr(pty.user_side(), &before_) == 0);
    Invocation invocation = daemon.invocation({"top", "--interval", "50ms"});
    invocation.environment.insert(invocation.environment.end(), environment.begin(), environment.end());
    invocation.stdin_fd = invocation.stdout_fd = pty.user_side();
    child.emplace(std::move(invocation));
    pty.read_until("\x1b[?1049h");
  }
  void resize(unsigned short rows, unsigned short columns) {
    const winsize size{rows, columns, 0, 0};
    REQUIRE(::ioctl(pty.user_side(), TIOCSWINSZ, &size) == 0);
  }
  bool is_as_before() const {
    termios now{};
    REQUIRE(::tcgetattr(pty.user_side(), &now) == 0);
    return now.c_lflag == before_.c_lflag;
  }

  Pty pty;
  std::optional<Child> child;

 private:
  termios before_{};
};

}  // namespace

TEST_CASE("top shows what goes on, takes keys, and gives the terminal back") {
  Daemon daemon({.workers = 1});
  const std::string id = daemon.submit({"--", "sleep", "1000"});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
  LiveTop top(daemon);
  top.pty.read_until("sleep 1000");
  top.pty.read_until("q quit");
  CHECK_FALSE(top.is_as_before());
  const std::string other = daemon.submit({"--name", "newcomer", "--", "false"});
  top.pty.read_until("newcomer");  // by itself
  top.pty.type("/sleep\r");
  top.pty.read_until("[sleep]");
  top.pty.type("j");
  top.pty.type("c");
  top.pty.read_until("cancel job " + id + "? y / n");
  top.pty.type("y");
  REQUIRE(daemon.run({"wait", id, other}).exit_code == 0);
  CHECK(daemon.job(id)["outcome"] == "cancelled");
  top.pty.read_until("cancelled");
  top.pty.type("r");
  top.pty.read_until("retry job " + id + "? y / n");
  top.pty.type("y");
  top.pty.read_until("is tried again as job");
  const std::string again = std::to_string(std::stoull(other) + 1);
  CHECK(daemon.job(again)["description"] == "sleep 1000");
  top.pty.type("q");
  CHECK(top.child->finish().exit_code == 0);
  top.pty.read_until("\x1b[?25h\x1b[?1049l");
  CHECK(top.is_as_before());
}

TEST_CASE("top draws anew when its terminal changes its size") {
  Daemon daemon;
  LiveTop top(daemon);
  top.pty.read_until("\x1b[24;1H");
  top.resize(30, 100);
  top.child->send_signal(SIGWINCH);
  top.pty.read_until("\x1b[2J");
  top.pty.read_until("\x1b[30;1H");
  top.pty.type("q");
  CHECK(top.child->finish().exit_code == 0);
}

TEST_CASE("a signal ends top and gives the terminal back first") {
  Daemon daemon;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGABRT}) {
    INFO(signal);
    LiveTop top(daemon);
    top.pty.read_until("q quit");
    top.child->send_signal(signal);
    CHECK(top.child->finish().exit_code == 128 + signal);
    top.pty.read_until("\x1b[?1049l");
    CHECK(top.is_as_before());
  }
}

TEST_CASE("top says when the daemon does not answer, and goes on when it does") {
  Daemon daemon;
  LiveTop top(daemon);
  top.pty.read_until("q quit");
  daemon.stop();
  top.pty.read_until("socket");  // named in what is wrong
  daemon.start_again();
  top.pty.read_until("q quit");
  top.pty.type("q");
  CHECK(top.child->finish().exit_code == 0);
}

TEST_CASE("NO_COLOR means no colours, and nothing when it is empty") {
  Daemon daemon;
  LiveTop top(daemon, {"NO_COLOR=1"});
  top.pty.read_until("POOL");
  LiveTop coloured(daemon, {"NO_COLOR="});
  coloured.pty.read_until("\x1b[7m");
  for (LiveTop* one : {&top, &coloured}) {
    one->pty.type("q");
    CHECK(one->child->finish().exit_code == 0);
  }
  CHECK(top.pty.everything().find("\x1b[7m") == std::string::npos);
}

TEST_CASE("without a terminal, and with --once, top prints one picture of 24 lines") {
  Daemon daemon;
  const std::string id = daemon.submit({"--", "sleep", "1000"});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
  for (const std::vector<std::string>& words : {std::vector<std::string>{"top"}, {"top", "--once"}}) {
    const Finished finished = daemon.run(words);
    CHECK(finished.exit_code == 0);
    CHECK(std::count(finished.out.begin(), finished.out.end(), '\n') == 24);
    CHECK(finished.out.find('\x1b') == std::string::npos);
    CHECK(finished.out.find("sleep 1000") != std::string::npos);
  }
  CHECK(daemon.run({"top", "--json"}).exit_code == 2);
  CHECK(daemon.run({"top", "--interval", "1ms"}).exit_code == 2);
  CHECK(daemon.run({"top", "x"}).exit_code == 2);
}

TEST_CASE("top that no shell can go on with is not stopped by Ctrl-Z") {
  // The bug: it stopped itself by a signal that nothing holds off. As the only program of a terminal it was dead then, whatever was typed.
  Daemon daemon({.workers = 1});
  Pty pty;
  Invocation invocation = daemon.invocation({"top", "--interval", "50ms"});
  invocation.argv.insert(invocation.argv.begin(), {"setsid", "--ctty", "--wait"});
  invocation.stdin_fd = invocation.stdout_fd = pty.user_side();
  Child top(std::move(invocation));
  pty.read_until("\x1b[?1049h");
  pty.type("\x1a");
  pty.read_until("\x1b[?1049h");
  pty.type("q");
  CHECK(top.finish().exit_code == 0);
}
