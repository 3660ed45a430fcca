// jobpool map: ends count as they come, and what has ended is shown, whatever stands before it.
#include <signal.h>

#include <fstream>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"

using namespace jobpool::testing;

namespace {

std::string log_text(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// `map` over 1 to `last`, of which the first and the last wait for the gate. The last is begun when the end of the one before it is known.
Child map_with_first_waiting(const Daemon& daemon, const Gate& gate, const std::string& log, int last, const std::string& work) {
  const std::string end = std::to_string(last);
  std::vector<std::string> words{"map",      "-j", "2",  "--joblog", log,
                                 "--resume", "--", "sh", "-c",       "case {} in 1|" + end + ") " + gate.wait() + ";; esac; " + work,
                                 ":::"};
  for (int item = 1; item <= last; ++item) words.push_back(std::to_string(item));
  Child map = daemon.start(words);
  const auto done = static_cast<std::size_t>(last - 2);
  REQUIRE(wait_until([&] {
    const json jobs = daemon.status()["pools"][0];
    return jobs["running"] == 2 && daemon.run({"list", "--json"}).out.find("\"id\":" + std::to_string(done + 2) + ",") != std::string::npos;
  }));
  return map;
}

}  // namespace

// It was counted in its turn only, behind an item that might run for hours.
TEST_CASE("map --halt counts an item when it ends, though one before it still runs") {
  Daemon daemon({.workers = 2});
  const Gate gate(daemon.file("gate"));
  const Finished finished = daemon.run({"map", "-j", "2", "--grace", "1ms", "--halt", "now,fail=1", "--", "sh", "-c",
                                        "test {} = 2 && exit 3; " + gate.wait(), ":::", "1", "2"});
  CHECK(finished.exit_code == 1);
  CHECK(finished.err.find("halted: 1 of 2 items have ended, 1 of them badly; what ran is cancelled") != std::string::npos);
}

// Items that had ended behind one that had not were lost, and ran again with --resume.
TEST_CASE("map that is interrupted shows what has ended behind an item that has not, and --resume passes over it") {
  Daemon daemon({.workers = 2});
  const Gate gate(daemon.file("gate"));
  const std::string log = daemon.file("log");
  Child map = map_with_first_waiting(daemon, gate, log, 4, "echo {}");
  map.send_signal(SIGINT);
  const Finished finished = map.finish();
  CHECK(finished.exit_code == 130);
  CHECK(finished.out == "2\n3\n");
  CHECK(finished.err.find("interrupted: 2 of 4 items have ended") != std::string::npos);
  // What was cancelled stands at the gate until it is dead, and might take a word that is for another.
  REQUIRE(wait_until([&] { return daemon.status()["pools"][0]["running"] == 0; }));
  std::vector<std::string> again{
      "map", "--joblog", log, "--resume", "--", "sh", "-c", "case {} in 1|4) " + gate.wait() + ";; esac; echo {}",
      ":::", "1",        "2", "3",        "4"};
  Child rest = daemon.start(again);
  gate.open();
  gate.open();
  CHECK(rest.finish().out == "1\n4\n");
}

TEST_CASE("map whose daemon dies shows what has ended behind an item that has not") {
  Daemon daemon({.workers = 2});
  const Gate gate(daemon.file("gate"));
  const std::string log = daemon.file("log");
  Child map = map_with_first_waiting(daemon, gate, log, 3, "echo {}");
  daemon.kill_everything();
  const Finished finished = map.finish();
  CHECK(finished.exit_code == 125);
  CHECK(finished.out == "2\n");
  CHECK(log_text(log).find("echo 2'\n") != std::string::npos);
  daemon.start_again();
}

TEST_CASE("map whose daemon dies while items are tried again shows the others of their chunk") {
  // The bug: the ends of a chunk were lost with the daemon until its last item had been tried for the last time, and --resume ran all
  // again.
  Daemon daemon({.workers = 1});
  const std::string log = daemon.file("log");
  Child map = daemon.start({"map", "-n", "2", "--retries", "1", "--backoff", "1m", "--joblog", log, "@square", ":::", "2", "\"x\""});
  REQUIRE(wait_until([&] { return daemon.status()["pools"][0]["waiting"] == 1; }));
  daemon.kill_everything();
  const Finished finished = map.finish();
  CHECK(finished.exit_code == 125);
  CHECK(finished.out == "4\n");
  CHECK(log_text(log).find("square 2\n") != std::string::npos);
  daemon.start_again();
}

// What was longer than a reply was asked for in its turn, when the daemon had forgotten the job.
TEST_CASE("map has a large output in its turn, though the daemon has forgotten the job") {
  // Two, as the first and the last item may end at once, and either is to be there when its output is asked for.
  Daemon daemon({.workers = 2, .settings = "keep_ended_count = 2\n"});
  const Gate gate(daemon.file("gate"));
  Child map = map_with_first_waiting(daemon, gate, daemon.file("log"), 6, "head -c 1500000 /dev/zero | tr '\\0' {}");
  gate.open();
  gate.open();
  const Finished finished = map.finish();
  CHECK(finished.exit_code == 0);
  std::string expected;
  for (const char item : {'1', '2', '3', '4', '5', '6'}) expected += std::string(1'500'000, item);
  CHECK((finished.out == expected));  // millions of bytes: not to be shown
}

// A log named the slot that an item had had, and was taken for another map's.
TEST_CASE("map --resume does not mind in which slot an item ran") {
  Daemon daemon({.workers = 2});
  const std::string log = daemon.file("log");
  const auto map = [&](std::vector<std::string> items) {
    std::vector<std::string> words{"map", "-j", "2", "--joblog", log, "--resume", "--", "echo", "{}", "in", "{%}", ":::"};
    words.insert(words.end(), items.begin(), items.end());
    return daemon.run(words);
  };
  CHECK(map({"1", "2"}).exit_code == 0);
  CHECK(log_text(log).find("\techo 2 in '{%}'\n") != std::string::npos);
  CHECK(map({"1", "2", "3"}).out == "3 in 1\n");
}
