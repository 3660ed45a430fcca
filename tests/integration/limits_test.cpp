// Bounded queues and bounded history: who is refused, who waits for room, and what is forgotten.
#include <signal.h>

#include <cstdint>
#include <filesystem>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/ledger.hpp"
#include "tests/support/listed.hpp"
#include "tests/support/occupy.hpp"

using namespace jobpool::testing;

namespace {

constexpr int kTryAgain = 75;

std::size_t queued(const Daemon& daemon) { return daemon.status()["pools"][0]["ready"].get<std::size_t>(); }

void check_refused(const Finished& finished) {
  INFO(finished.err);
  CHECK(finished.exit_code == kTryAgain);
  CHECK(finished.out.empty());
  CHECK(finished.err.find("full") != std::string::npos);
}

Child submit_later(const Daemon& daemon, const std::vector<std::string>& verb, const std::vector<std::string>& command) {
  std::vector<std::string> words = verb;
  words.emplace_back("--");
  words.insert(words.end(), command.begin(), command.end());
  return daemon.start(std::move(words));
}

// A caller that waits for room is one connection, beside the one that asks for the status.
void require_callers(const Daemon& daemon, int count) {
  REQUIRE(wait_until([&] { return daemon.status()["connections"] == count + 1; }));
}

}  // namespace

TEST_CASE("a queue takes queue_limit jobs: one more is refused or waits for room, as its submitter chose") {
  Daemon daemon({.workers = 1, .settings = "queue_limit = 2\n"});
  const Ledger ledger(daemon.file("ledger"));
  const Gate gate(daemon.file("gate"));
  occupy(daemon, gate);
  const std::string first = daemon.submit({"@square", "2"}), second = daemon.submit({"@square", "3"});
  check_refused(daemon.run({"apply-async", "--", "true"}));
  check_refused(daemon.run({"apply-async", "--if-full", "fail", "--", "true"}));
  check_refused(daemon.run({"apply", "--if-full", "fail", "--", "true"}));

  Child asynchronous = submit_later(daemon, {"apply-async", "--if-full", "block"}, ledger.command("asynchronous"));
  Child applied = submit_later(daemon, {"apply"}, ledger.command("applied", "echo applied"));
  Child gone = submit_later(daemon, {"apply-async", "--if-full", "block"}, ledger.command("gone"));
  require_callers(daemon, 3);
  CHECK(queued(daemon) == 2);
  CHECK_FALSE(asynchronous.has_ended());
  CHECK_FALSE(applied.has_ended());
  gone.send_signal(SIGKILL);
  gone.finish();
  require_callers(daemon, 2);

  gate.open();
  const std::string id = asynchronous.read_line();
  CHECK(std::stoull(id) > std::stoull(second));
  CHECK(asynchronous.finish().exit_code == 0);
  CHECK(applied.finish().out == "applied\n");
  CHECK(daemon.run({"get", first}).out == "4\n");
  CHECK(daemon.run({"get", id}).exit_code == 0);
  // Who was gone never got in: this one came after it, and has run.
  CHECK(daemon.run({"apply", "--", "true"}).exit_code == 0);
  CHECK(ledger.read().at("asynchronous").ends == 1);
  CHECK(ledger.read().at("applied").ends == 1);
  CHECK_FALSE(ledger.read().contains("gone"));
}

TEST_CASE("queue_limit_per_user bounds what one user has queued, though the pool has room") {
  Daemon daemon({.workers = 1, .settings = "queue_limit = 100\nqueue_limit_per_user = 1\n"});
  const Gate gate(daemon.file("gate"));
  occupy(daemon, gate);
  const std::string only = daemon.submit({"@square", "2"});
  const Finished refused = daemon.run({"apply-async", "@square", "3"});
  check_refused(refused);
  // The bug: it named the pool's limit.
  CHECK(refused.err.find("full (limit 1): as many jobs wait as one user may have in the queue") != std::string::npos);
  Child waiting = daemon.start({"apply", "@square", "4"});
  require_callers(daemon, 1);
  CHECK(queued(daemon) == 1);
  gate.open();
  CHECK(waiting.finish().out == "16\n");
  CHECK(daemon.run({"get", only}).out == "4\n");
}

TEST_CASE("a reload changes the limits, and a lower one takes nothing away from who is in the queue") {
  Daemon daemon({.workers = 1, .settings = "queue_limit = 1\n"});
  const Gate gate(daemon.file("gate"));
  occupy(daemon, gate);
  std::vector<std::string> ids = {daemon.submit({"@square", "0"})};
  check_refused(daemon.run({"apply-async", "@square", "1"}));
  daemon.configure("queue_limit = 3\n");
  REQUIRE(daemon.run({"reload", "--wait"}).exit_code == 0);
  ids.push_back(daemon.submit({"@square", "1"}));
  ids.push_back(daemon.submit({"@square", "2"}));
  check_refused(daemon.run({"apply-async", "@square", "3"}));
  daemon.configure("queue_limit = 2\n");
  REQUIRE(daemon.run({"reload", "--wait"}).exit_code == 0);
  CHECK(queued(daemon) == 3);
  check_refused(daemon.run({"apply-async", "@square", "3"}));
  gate.open();
  for (std::size_t number = 0; number < ids.size(); ++number)
    CHECK(daemon.run({"get", ids[number]}).out == std::to_string(number * number) + "\n");
}

TEST_CASE("of ended jobs, keep_ended_count are kept with their output, the newest, also by the next daemon") {
  Daemon daemon({.workers = 1, .settings = "keep_ended_count = 3\n"});
  std::vector<std::string> ids;
  for (const char* word : {"0", "1", "2", "3", "4"}) {
    ids.push_back(daemon.submit({"--", "echo", word}));
    REQUIRE(daemon.run({"wait", ids.back()}).exit_code == 0);
  }
  CHECK(listed(daemon) == std::vector<std::string>(ids.begin() + 2, ids.end()));
  CHECK(daemon.run({"get", ids[4]}).out == "4\n");
  const Finished forgotten = daemon.run({"get", ids[1]});
  CHECK(forgotten.exit_code == 125);
  CHECK(forgotten.err.find("job " + ids[1]) != std::string::npos);
  CHECK(output_files(daemon, ids[1]) == 0);
  CHECK(output_files(daemon, ids[2]) > 0);
  // Whose commit comes after that of what was forgotten.
  const std::string later = daemon.submit({"--delay", "1h", "--", "true"});
  daemon.kill_everything();
  daemon.start_again();
  CHECK(daemon.run({"cancel", later}).exit_code == 0);
  ids.push_back(later);
  CHECK(listed(daemon) == std::vector<std::string>(ids.end() - 3, ids.end()));
}

TEST_CASE("keep_ended_count bounds the applied jobs that are kept as well") {
  Daemon daemon({.workers = 1, .settings = "keep_ended_count = 2\n"});
  for (const char* word : {"1", "2", "3", "4"}) REQUIRE(daemon.run({"apply", "@square", word}).exit_code == 0);
  CHECK(wait_until([&] { return listed(daemon).size() == 2; }));
}

// Chunks end before their batch, and were forgotten before it.
TEST_CASE("keep_ended_count forgets a batch's chunks with the batch, not before it") {
  Daemon daemon({.workers = 1, .settings = "keep_ended_count = 3\n"});
  const Finished submitted = daemon.run({"map", "--async", "-n", "1", "@square", ":::", "1", "2", "3", "4"});
  const std::string batch = submitted.out.substr(0, submitted.out.size() - 1);
  CHECK(daemon.run({"get", batch}).out == "1\n4\n9\n16\n");
  CHECK(listed(daemon).size() == 5);
  const std::string later = daemon.submit({"@square", "5"});
  REQUIRE(daemon.run({"wait", later}).exit_code == 0);
  CHECK(listed(daemon) == std::vector<std::string>{later});
}

TEST_CASE("an ended job is forgotten after keep_ended_seconds, with its output, and one that has not ended is not") {
  Daemon daemon({.workers = 1, .settings = "keep_ended_seconds = 1\n"});
  const std::string waits = daemon.submit({"--delay", "1h", "--", "true"});
  const std::string id = daemon.submit({"--", "echo", "here"});
  REQUIRE(daemon.run({"wait", id}).exit_code == 0);
  const std::int64_t ended = daemon.job(id)["endedUSec"].get<std::int64_t>();
  CHECK(output_files(daemon, id) > 0);
  REQUIRE(wait_until([&] { return listed(daemon) == std::vector<std::string>{waits}; }));
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  CHECK(now - ended >= 1'000'000);
  CHECK(output_files(daemon, id) == 0);
  CHECK(daemon.run({"get", id}).exit_code == 125);
  daemon.kill_everything();  // perhaps before it was on disk that the job is forgotten: then the next one finds it too old
  daemon.start_again();
  CHECK(wait_until([&] { return listed(daemon) == std::vector<std::string>{waits}; }));
}

TEST_CASE("output_limit_bytes ends a command that writes more for the daemon to keep, and says so") {
  Daemon daemon({.workers = 1, .settings = "output_limit_bytes = 100000\n"});
  const std::string id = daemon.submit({"--", "sh", "-c", "head -c 100001 /dev/zero; sleep 1000"});
  const Finished got = daemon.run({"get", id});
  CHECK(got.exit_code == 128 + SIGKILL);
  CHECK(got.out.size() == 100'001);
  CHECK(got.err.find("its output grew beyond output_limit_bytes, which is 100000") != std::string::npos);
  // What goes to its caller at once is not kept.
  CHECK(daemon.run({"apply", "--", "sh", "-c", "head -c 100001 /dev/zero; sleep 1.1"}).exit_code == 0);
}
