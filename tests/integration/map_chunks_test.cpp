// jobpool map of functions: chunks, what fails in them, and what becomes of them when a worker dies.
#include <signal.h>

#include <fstream>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/pools.hpp"

using namespace jobpool::testing;

namespace {

std::vector<std::string> words(std::vector<std::string> command, int last) {
  command.emplace_back(":::");
  for (int i = 1; i <= last; ++i) command.push_back(std::to_string(i));
  return command;
}

std::string lines(int last) {
  std::string text;
  for (int i = 1; i <= last; ++i) text += std::to_string(i) + "\n";
  return text;
}

std::string squares(int last) {
  std::string text;
  for (long i = 1; i <= last; ++i) text += std::to_string(i * i) + "\n";
  return text;
}

std::size_t done(const Daemon& daemon) { return daemon.status()["pools"][0]["done"]; }

// The rule for chunks asks how many workers there are: they come a little after the daemon.
}  // namespace

TEST_CASE("map makes about four chunks of a function's items for each worker") {
  Daemon daemon({.workers = 2});
  wait_for_workers(daemon, 2);
  CHECK(daemon.run(words({"map", "@square"}, 100)).out == squares(100));
  CHECK(done(daemon) == 8);  // divmod(100, 8) is 12, 4: 13 to a chunk
  CHECK(daemon.run(words({"map", "-n", "30", "@square"}, 100)).out == squares(100));
  CHECK(done(daemon) == 12);
}

TEST_CASE("map of lines, whose number nobody knows, makes chunks that grow") {
  Daemon daemon({.workers = 2});
  const Finished finished = daemon.run({"map", "@square"}, lines(20'000));
  CHECK(finished.exit_code == 0);
  CHECK(finished.out == squares(20'000));
  CHECK(done(daemon) < 5'000);
}

TEST_CASE("map --buffer bounds what is read ahead, chunks and all") {
  Daemon daemon({.workers = 2});
  CHECK(daemon.run({"map", "--buffer", "16", "-j", "4", "@square"}, lines(1'000)).out == squares(1'000));
  CHECK(done(daemon) >= 250);
}

TEST_CASE("map tells which item of a chunk failed, and the others' results") {
  Daemon daemon;
  const Finished finished = daemon.run({"map", "-n", "4", "@divide", "12", ":::", "1", "0", "3", "0", "6"});
  CHECK(finished.exit_code == 2);
  CHECK(finished.out == "12.0\n4.0\n2.0\n");
  CHECK(finished.err.find("2 of 5 failed") != std::string::npos);
  CHECK(finished.err.find("   2 ") != std::string::npos);
  CHECK(finished.err.find("   4 ") != std::string::npos);
  CHECK(finished.err.find("std::domain_error: division by zero") != std::string::npos);
}

TEST_CASE("map --json has an object for each item, whether it failed or not") {
  Daemon daemon;
  const Finished finished = daemon.run({"map", "--json", "-n", "3", "@divide", "12", ":::", "1", "0", "3"});
  CHECK(finished.exit_code == 1);
  std::istringstream out(finished.out);
  std::vector<json> objects;
  for (std::string line; std::getline(out, line);) objects.push_back(json::parse(line));
  REQUIRE(objects.size() == 3);
  CHECK(objects[0]["result"] == "12.0");
  CHECK(objects[0]["outcome"] == "succeeded");
  CHECK(objects[1]["item"] == 2);
  CHECK(objects[1]["outcome"] == "failed");
  CHECK(objects[1]["errorType"] == "std::domain_error");
  CHECK(objects[1]["reason"] == "division by zero");
  CHECK(objects[2]["item"] == 3);
}

TEST_CASE("map whose worker dies in a chunk loses that chunk alone, and says in which item it was") {
  Daemon daemon({.workers = 2});
  const Finished finished = daemon.run({"map", "-n", "2", "@crash", ":::", "11"});
  CHECK(finished.exit_code == 1);
  CHECK(finished.err.find("died of signal 11") != std::string::npos);
  const Finished chunk = daemon.run({"map", "-n", "2", "@crash", ":::", "18", "11"});  // SIGCONT ends no worker
  CHECK(chunk.exit_code == 2);
  CHECK(chunk.err.find("in item 2 of its chunk") != std::string::npos);
}

TEST_CASE("map --retries tries those items of a chunk again that failed") {
  Daemon daemon({.workers = 2});
  const Finished failed = daemon.run({"map", "-n", "3", "--retries", "2", "--backoff", "1ms", "@divide", "12", ":::", "1", "0", "3"});
  CHECK(failed.exit_code == 1);
  CHECK(failed.out == "12.0\n4.0\n");
  CHECK(done(daemon) == 3);
}

TEST_CASE("map with a time-out gives each item its own") {
  Daemon daemon({.workers = 2});
  const Finished finished = daemon.run({"map", "--timeout", "300ms", "--grace", "1ms", "@sleep", ":::", "0", "60", "0"});
  CHECK(finished.exit_code == 1);
  CHECK(finished.out == "null\nnull\n");
  CHECK(finished.err.find("124") != std::string::npos);
}

TEST_CASE("map passes over no item that cannot be sent, and harms none beside it") {
  Daemon daemon;
  const Finished finished = daemon.run({"map", "-n", "3", "@square", ":::", "1", "\xff", "3"});
  CHECK(finished.exit_code == 1);
  CHECK(finished.out == "1\n9\n");
  CHECK(finished.err.find("not UTF-8") != std::string::npos);
}

TEST_CASE("map --async prints one id, and get has all results in order, also after everything was killed") {
  Daemon daemon({.workers = 2});
  wait_for_workers(daemon, 2);
  const Finished submitted = daemon.run(words({"map", "--async", "@square"}, 100));
  REQUIRE(submitted.exit_code == 0);
  const std::string id = submitted.out.substr(0, submitted.out.size() - 1);
  CHECK(daemon.run({"get", id}).out == squares(100));
  CHECK(daemon.run({"successful", id}).exit_code == 0);
  daemon.kill_everything();
  daemon.start_again();
  const Finished again = daemon.run({"get", id});
  CHECK(again.exit_code == 0);
  CHECK(again.out == squares(100));
  CHECK(daemon.job(id)["description"] == "map @square, 8 chunks");
}

TEST_CASE("map --async takes commands as well, and get has their outputs in order, also after everything was killed") {
  Daemon daemon({.workers = 2});
  const Finished submitted = daemon.run({"map", "--async", "--", "sh", "-c", "echo {}; echo {} >&2; exit {}", ":::", "0", "3", "0"});
  REQUIRE(submitted.exit_code == 0);
  const std::string id = submitted.out.substr(0, submitted.out.size() - 1);
  for (int life = 1; life <= 2; ++life) {
    const Finished finished = daemon.run({"get", id});
    CHECK(finished.exit_code == 1);
    CHECK(finished.out == "0\n3\n0\n");
    CHECK(finished.err.find("1 of 3 failed") != std::string::npos);
    CHECK(daemon.job(id)["description"] == "map sh -c 'echo {}; echo {} >&2; exit {}', 3 commands");
    if (life == 2) break;
    daemon.kill_everything();
    daemon.start_again();
  }
  const Finished pairs = daemon.run({"map", "--async", "-n", "2", "--", "echo", ":::", "1", "2", "3"});
  CHECK(daemon.run({"get", pairs.out.substr(0, pairs.out.size() - 1)}).out == "1 2\n3\n");
}

TEST_CASE("get of a batch exits as map does, with its table") {
  Daemon daemon;
  const Finished submitted = daemon.run({"map", "--async", "-n", "2", "@divide", "12", ":::", "1", "0", "3", "0", "6"});
  const std::string id = submitted.out.substr(0, submitted.out.size() - 1);
  const Finished finished = daemon.run({"get", id});
  CHECK(finished.exit_code == 2);
  CHECK(finished.out == "12.0\n4.0\n2.0\n");
  CHECK(finished.err.find("2 of 5 failed") != std::string::npos);
  CHECK(daemon.run({"successful", id}).exit_code == 1);
  CHECK(daemon.job(id)["outcome"] == "failed");
}

TEST_CASE("a batch is cancelled and removed with its chunks") {
  Daemon daemon({.workers = 1});
  const Finished submitted = daemon.run({"map", "--async", "-n", "1", "--grace", "1ms", "@sleep", ":::", "60", "60", "60"});
  const std::string id = submitted.out.substr(0, submitted.out.size() - 1);
  CHECK(daemon.run({"get", "--timeout", "10ms", id}).exit_code == 124);
  CHECK(daemon.run({"cancel", id}).exit_code == 0);
  CHECK(daemon.job(id)["outcome"] == "cancelled");
  CHECK(done(daemon) == 4);
  CHECK(daemon.run({"remove", id}).exit_code == 0);
  CHECK(done(daemon) == 0);
}

TEST_CASE("a script maps with Python's own modules, by a call for each chunk, by one for all of them and as a batch") {
  Daemon daemon({.workers = 2});
  wait_for_workers(daemon, 2);
  const Finished finished = run({.argv = {"python3", JOBPOOL_SOURCE_DIR "/tests/examples/chunks.py", daemon.socket(), "10000"}});
  CHECK(finished.err.empty());
  CHECK(finished.out == "10000 squares in 8 chunks, the last is 100000000\n");
}

TEST_CASE("map --async says what it is not for") {
  Daemon daemon;
  CHECK(daemon.run({"map", "--async", "--", "echo", ":::", "\xff"}).exit_code == 2);
  CHECK(daemon.run({"map", "--async", "--stream", "@square", ":::", "1"}).exit_code == 2);
  CHECK(daemon.run({"map", "--async", "@square", ":::"}).exit_code == 2);
  CHECK(daemon.run({"map", "--async", "--ephemeral", "@square", ":::", "1"}).exit_code == 2);
}
