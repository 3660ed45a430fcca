// jobpool map: the options that GNU parallel has too.
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/pty.hpp"

using namespace jobpool::testing;

namespace {

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::size_t count_lines(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

}  // namespace

TEST_CASE("map -n puts so many items on one command line") {
  Daemon daemon;
  CHECK(daemon.run({"map", "-n", "2", "--", "echo", "<{}>", "{}", ":::", "a", "b", "c"}).out == "<a b> a b\n<c> c\n");
  CHECK(daemon.run({"map", "-n", "2", "--", "echo", "{2}", "{1}", "{#}", ":::", "a", "b", "c", "d"}).out == "b a 1\nd c 2\n");
  const Finished failed = daemon.run({"map", "-n", "2", "--", "false", ":::", "a", "b", "c"});
  CHECK(failed.exit_code == 2);  // command lines
  CHECK(failed.err.find("a b") != std::string::npos);
}

TEST_CASE("map --colsep cuts items into columns") {
  Daemon daemon;
  CHECK(daemon.run({"map", "--colsep", ",", "--", "echo", "{2}-{1}", ":::", "a,b", "c,d"}).out == "b-a\nd-c\n");
  CHECK(daemon.run({"map", "--colsep", "\\t", "@divide"}, "8\t2\n9\t3\n").out == "4.0\n3.0\n");
  CHECK(daemon.run({"map", "--colsep", "(", "@divide", ":::", "1"}).exit_code == 2);
}

TEST_CASE("map -a reads items from a file, -0 those that end with a zero byte") {
  Daemon daemon;
  std::ofstream(daemon.file("items")) << "1\n2\n";
  std::ofstream(daemon.file("zeros")) << std::string("a\nb\0c\0", 6);
  CHECK(daemon.run({"map", "-a", daemon.file("items"), "@square"}).out == "1\n4\n");
  CHECK(daemon.run({"map", "-0", "-a", daemon.file("zeros"), "--", "printf", "<%s>"}).out == "<a\nb><c>");
}

TEST_CASE("map --tag begins each line with its item") {
  Daemon daemon;
  CHECK(daemon.run({"map", "--tag", "@square", ":::", "2", "3"}).out == "2\t4\n3\t9\n");
  const Finished command = daemon.run({"map", "--tag", "--", "sh", "-c", "echo a; printf 'b %s' {}; echo err >&2", ":::", "x", "y"});
  CHECK(command.out == "x\ta\nx\tb x\ny\ta\ny\tb y\n");
  CHECK(command.err == "x\terr\ny\terr\n");
}

TEST_CASE("map --stream --keep-order has the items' order") {
  Daemon daemon({.workers = 2});
  CHECK(daemon.run({"map", "--stream", "-k", "--", "sh", "-c", "test {} != 1 || sleep 0.1; echo {}", ":::", "1", "2", "3"}).out ==
        "1\n2\n3\n");
}

TEST_CASE("map of lines with zero bytes names -0 and runs the others") {
  // The bug: a parameter of the protocol was named.
  Daemon daemon({.workers = 1});
  const std::string lines{"a\0b\nc\n", 6};
  const Finished finished = daemon.run({"map", "--", "echo"}, lines);
  CHECK(finished.exit_code == 1);
  CHECK(finished.out == "c\n");
  CHECK(finished.err.find("a\\x00b  a zero byte, which no command can be given; with -0 items end with one\n") != std::string::npos);
  CHECK(daemon.run({"map", "-0", "--", "echo", "<{}>"}, lines).out == "<a>\n<b\nc\n>\n");
  // With columns, what stood behind the zero byte was dropped without a word.
  const Finished columns = daemon.run({"map", "--colsep", ",", "--", "echo", "{2}-{1}"}, std::string{"a,b\0c,d\ne,f\n", 12});
  CHECK(columns.exit_code == 1);
  CHECK(columns.out == "f-e\n");
  CHECK(columns.err.find("a zero byte") != std::string::npos);
}

TEST_CASE("map writes its failures for what reads them and not for stdout") {
  // The bug: with stdout on a terminal, the table of failures had colours in a file as well.
  Daemon daemon({.workers = 1});
  Pty terminal;
  Invocation invocation = daemon.invocation({"map", "--", "false", ":::", "a"});
  invocation.stdout_fd = terminal.user_side();
  const Finished finished = run(std::move(invocation));
  CHECK(finished.exit_code == 1);
  CHECK(finished.err.find("item  job  exit  of  why\n") != std::string::npos);
}

TEST_CASE("map --halt soon starts no more, and lets what runs end") {
  Daemon daemon({.workers = 1});
  const Finished finished =
      daemon.run({"map", "-j", "1", "--halt", "soon,fail=1", "--", "sh", "-c", "echo {}; exit {}", ":::", "0", "3", "0", "0"});
  CHECK(finished.exit_code == 1);
  CHECK(finished.out.starts_with("0\n3\n"));
  CHECK(finished.err.find("halted: 2 of 4 items have ended, 1 of them badly") != std::string::npos);
  CHECK(daemon.run({"list", "--json"}).out.find("cancelled") == std::string::npos);
}

TEST_CASE("map --halt now cancels what runs") {
  Daemon daemon({.workers = 2});
  const Gate gate(daemon.file("gate"));
  const Finished finished = daemon.run(
      {"map", "--stream", "--grace", "1ms", "--halt", "now,success=1", "--", "sh", "-c", "test {} = 1 || " + gate.wait(), ":::", "1", "2"});
  CHECK(finished.exit_code == 0);
  CHECK(finished.err.find("what ran is cancelled") != std::string::npos);
  CHECK(wait_until([&] { return daemon.status()["pools"][0]["running"] == 0; }));
}

TEST_CASE("map --halt takes a share of all items, which it reads first") {
  Daemon daemon({.workers = 1});
  const Finished finished = daemon.run({"map", "-j", "1", "--halt", "now,fail=50%", "--", "sh", "-c", "exit {}"}, "1\n0\n1\n0\n");
  CHECK(finished.exit_code == 2);
  CHECK(finished.err.find("halted: 3 of 4") != std::string::npos);
  CHECK(daemon.run({"map", "--halt", "now", "@square", ":::", "1"}).exit_code == 2);
}

// Items were counted, where command lines end.
TEST_CASE("map --halt takes a share of the command lines where -n puts several items on one") {
  Daemon daemon;
  std::vector<std::string> words = {"map", "-j", "1", "-n", "2", "--halt", "soon,fail=50%", "--", "false", ":::"};
  for (int item = 0; item < 40; ++item) words.push_back(std::to_string(item));
  const Finished finished = daemon.run(words);
  CHECK(finished.exit_code >= 10);
  CHECK(finished.exit_code < 15);  // of twenty; a few may have been on their way
}

TEST_CASE("map --joblog has a line for each item, and --resume passes over what it has") {
  Daemon daemon({.workers = 2});
  const std::string log = daemon.file("log");
  const std::vector<std::string> map{"map", "--joblog", log};
  const auto run = [&](std::vector<std::string> options, std::vector<std::string> items) {
    std::vector<std::string> words = map;
    words.insert(words.end(), options.begin(), options.end());
    for (const char* word : {"--", "sh", "-c", "echo {}; exit {}", ":::"}) words.emplace_back(word);
    words.insert(words.end(), items.begin(), items.end());
    return daemon.run(words);
  };
  CHECK(run({}, {"0", "3"}).exit_code == 1);
  CHECK(count_lines(text_of(log)) == 3);
  CHECK(text_of(log).find("\t3\t0\tsh -c 'echo 3; exit 3'\n") != std::string::npos);
  CHECK(run({"--resume"}, {"0", "3", "0"}).out == "0\n");
  CHECK(count_lines(text_of(log)) == 4);
  CHECK(run({"--resume-failed"}, {"0", "3", "0"}).out == "3\n");
  const Finished other = run({"--resume"}, {"7", "3", "0"});
  CHECK(other.exit_code == 125);
  CHECK(other.err.find("the log of another map") != std::string::npos);
  CHECK(daemon.run({"map", "--resume", "@square", ":::", "1"}).exit_code == 2);
}

TEST_CASE("map that is killed goes on with --resume where it was, and every item's output is there") {
  Daemon daemon({.workers = 2});
  const std::string log = daemon.file("log"), out = daemon.file("out");
  std::string items;
  for (int i = 1; i <= 2'000; ++i) items += std::to_string(i) + "\n";
  std::ofstream(daemon.file("items")) << items;
  std::string seen;
  for (int kill = 1; kill <= 4; ++kill) {
    Child map = daemon.start({"map", "--resume", "--joblog", log, "-n", "5", "-a", daemon.file("items"), "@square"});
    for (int i = 0; i < 100; ++i) seen += map.read_line() + "\n";
    map.send_signal(SIGKILL);
    seen += map.finish().out;
  }
  const Finished rest = daemon.run({"map", "--resume", "--joblog", log, "-n", "5", "-a", daemon.file("items"), "@square"});
  CHECK(rest.exit_code == 0);
  CHECK(count_lines(text_of(log)) == 2'001);
  std::istringstream lines(seen + rest.out);
  std::set<std::string> results;
  for (std::string line; std::getline(lines, line);) results.insert(line);
  std::size_t missing = 0;
  for (long i = 1; i <= 2'000; ++i) missing += results.contains(std::to_string(i * i)) ? 0U : 1U;
  CHECK(missing == 0);
}

TEST_CASE("map --retries runs a command again that failed") {
  Daemon daemon;
  const std::string count = daemon.file("count");
  const Finished finished = daemon.run({"map", "--retries", "3", "--backoff", "1ms", "--", "sh", "-c",
                                        "echo x >> " + count + "; test $(wc -l < " + count + ") -ge 3", ":::", "1"});
  CHECK(finished.exit_code == 0);
  CHECK(count_lines(text_of(count)) == 3);
}

TEST_CASE("map says what was done when it is interrupted") {
  Daemon daemon({.workers = 2});
  const Gate gate(daemon.file("gate"));
  Child map = daemon.start({"map", "-j", "2", "--", "sh", "-c", "test {} = 1 || " + gate.wait() + "; echo {}", ":::", "1", "2", "3"});
  CHECK(map.read_line() == "1");
  REQUIRE(wait_until([&] { return daemon.status()["pools"][0]["running"] == 2; }));
  map.send_signal(SIGINT);
  const Finished finished = map.finish();
  CHECK(finished.exit_code == 130);
  CHECK(finished.err.find("interrupted: 1 of 3 items have ended; what ran is cancelled") != std::string::npos);
  CHECK(wait_until([&] { return daemon.status()["pools"][0]["running"] == 0; }));
}

TEST_CASE("map --bar is silent where stderr is no terminal") {
  Daemon daemon;
  const Finished finished = daemon.run({"map", "--bar", "@square", ":::", "1", "2"});
  CHECK(finished.out == "1\n4\n");
  CHECK(finished.err.empty());
}

TEST_CASE("map over a million lines keeps its memory, and the daemon's") {
  Daemon daemon({.workers = 2});
  std::string items;
  for (int i = 1; i <= 1'000'000; ++i) items += std::to_string(i) + "\n";
  std::ofstream(daemon.file("items")) << items;
  const auto rss_of = [](pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
    return 0L;
  };
  Child map = daemon.start({"map", "--stream", "-a", daemon.file("items"), "@square"});
  std::size_t count = 0;
  long highest = 0;
  for (; count < 900'000; ++count) {
    map.read_line();
    if (count % 50'000 == 0) highest = std::max(highest, rss_of(map.pid()));
  }
  CHECK(map.finish().exit_code == 0);
#if !defined(JOBPOOL_ASAN) && !defined(JOBPOOL_TSAN)
  CHECK(highest < 64 * 1024);  // KiB
  CHECK(rss_of(daemon.broker_pid()) < 64 * 1024);
#endif
}

// The log had the words without quotes, so that another command was taken for one that had run: nothing ran, and the exit code was 0.
TEST_CASE("map --resume runs nothing of another map, however alike their commands look") {
  Daemon daemon;
  const std::string log = daemon.file("log");
  REQUIRE(daemon.run({"map", "--joblog", log, "--", "echo", ":::", "a b"}).exit_code == 0);
  const Finished other = daemon.run({"map", "--joblog", log, "--resume", "--", "echo", "a", ":::", "b"});
  CHECK(other.exit_code == 125);
  CHECK(other.err.find("the log of another map") != std::string::npos);
  CHECK(daemon.run({"map", "--joblog", log, "--resume", "--", "echo", ":::", "a b"}).out.empty());
}

// The daemon's refusal was told, with 125, and it named no option.
TEST_CASE("map --async refuses what cannot be asked of a batch by the option's name") {
  for (const std::vector<std::string>& option : std::vector<std::vector<std::string>>{{"--ephemeral"}, {"--if-full", "block"}}) {
    Daemon daemon;
    std::vector<std::string> words{"map", "--async"};
    words.insert(words.end(), option.begin(), option.end());
    words.insert(words.end(), {"--", "true", ":::", "a"});
    const Finished finished = daemon.run(words);
    CHECK(finished.exit_code == 2);
    CHECK(finished.err.find(option.front()) != std::string::npos);
  }
}
