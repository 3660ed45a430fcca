// jobpool retry: ended jobs once more.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"

using namespace jobpool::testing;

namespace {

// What it printed: an id.
std::string only_line(const Finished& finished) {
  INFO(finished.err);
  REQUIRE(finished.exit_code == 0);
  REQUIRE(finished.out.ends_with('\n'));
  return finished.out.substr(0, finished.out.size() - 1);
}

}  // namespace

TEST_CASE("retry runs a command again with all that it was submitted with, under a new id") {
  Daemon daemon;
  const std::string body = "echo $WORD in $(pwd); cat; exit 3";
  const std::string input = daemon.file("input");
  REQUIRE(run({.argv = {"sh", "-c", "echo read >" + input}}).exit_code == 0);
  const std::string id =
      daemon.submit({"--name", "nightly", "--env", "WORD=said", "--cwd", "/", "--stdin", input, "--priority", "4", "--", "sh", "-c", body});
  CHECK(daemon.run({"get", id}).exit_code == 3);
  const std::string again = only_line(daemon.run({"retry", id}));
  CHECK(std::stoull(again) > std::stoull(id));
  const Finished got = daemon.run({"get", again});
  CHECK(got.exit_code == 3);
  CHECK(got.out == "said in /\nread\n");
  const json job = daemon.job(again);
  CHECK(job["name"] == "nightly");
  CHECK(job["priority"] == 4);
  CHECK(job["attempt"] == 1);
  CHECK(daemon.job(id)["outcome"] == "failed");  // the old one stays as it was
  CHECK(daemon.run({"get", only_line(daemon.run({"retry", again}))}).exit_code == 3);
}

TEST_CASE("a function is retried with its arguments, also after the death of everything") {
  Daemon daemon;
  const std::string id = daemon.submit({"--unique", "key", "@square", "7"});
  CHECK(daemon.run({"get", id}).out == "49\n");
  daemon.kill_everything();
  daemon.start_again();
  const std::string again = only_line(daemon.run({"retry", id}));
  CHECK(daemon.run({"get", again}).out == "49\n");
  CHECK(daemon.submit({"--unique", "key", "@square", "7"}) == id);  // its key stays its own
  daemon.kill_everything();
  daemon.start_again();
  CHECK(daemon.job(again)["retryOf"] == std::stoull(id));
  CHECK(daemon.run({"show", again}).out.find("retry of    " + id + "\n") != std::string::npos);
  CHECK_FALSE(daemon.job(id).contains("retryOf"));
}

TEST_CASE("selectors name several, the new ids come in their order, and what cannot be retried is named with its remedy") {
  Daemon daemon;
  const std::string first = daemon.submit({"@square", "1"}), second = daemon.submit({"@square", "2"});
  const std::string ephemeral = daemon.submit({"--ephemeral", "@square", "3"});
  REQUIRE(daemon.run({"wait", first, second, ephemeral}).exit_code == 0);
  const Finished retried = daemon.run({"retry", "--json", first + "-" + ephemeral});
  CHECK(retried.exit_code == 125);
  CHECK(retried.err.find("job " + ephemeral) != std::string::npos);
  CHECK(retried.err.find("--durable") != std::string::npos);
  const std::size_t half = retried.out.find('\n');
  const json one = json::parse(retried.out.substr(0, half)), two = json::parse(retried.out.substr(half));
  CHECK(one["retryOf"] == std::stoull(first));
  CHECK(two["retryOf"] == std::stoull(second));
  CHECK(daemon.run({"get", one["id"].dump()}).out == "1\n");
  CHECK(daemon.run({"get", two["id"].dump()}).out == "4\n");
  const Finished unknown = daemon.run({"retry", "4711"});
  CHECK(unknown.exit_code == 125);
  CHECK(unknown.err.find("job 4711: no such job") != std::string::npos);
  CHECK(daemon.run({"retry"}).exit_code == 2);
  CHECK(daemon.run({"retry", "--unique", "k", first, second}).exit_code == 2);
}

TEST_CASE("a process is started again, not retried") {
  Daemon daemon;
  REQUIRE(daemon.run({"process", "start", "--name", "one", "--", "true"}).exit_code == 0);
  REQUIRE(daemon.run({"process", "join", "one"}).exit_code == 0);
  const Finished refused = daemon.run({"retry", "last"});
  CHECK(refused.exit_code == 125);
  CHECK(refused.err.find("jobpool process start") != std::string::npos);
}

TEST_CASE("a job that has not ended is not retried, and the same key retries it once") {
  Daemon daemon;
  Gate gate(daemon.file("gate"));
  const std::string id = daemon.submit({"--", "sh", "-c", gate.wait()});
  const Finished refused = daemon.run({"retry", id});
  CHECK(refused.exit_code == 125);
  CHECK(refused.err.find("not ended yet; cancel it, or wait for its end") != std::string::npos);
  gate.open();
  REQUIRE(daemon.run({"wait", id}).exit_code == 0);
  const std::string again = only_line(daemon.run({"retry", "--unique", "once", id}));
  CHECK(only_line(daemon.run({"retry", "--unique", "once", id})) == again);
  gate.open();
  REQUIRE(daemon.run({"wait", again}).exit_code == 0);
}

TEST_CASE("a job that was cancelled --now has its grace again when it is retried") {
  Daemon daemon;
  Gate gate(daemon.file("gate"));
  const std::string id = daemon.submit({"--grace", "30s", "--", "sh", "-c", "trap 'echo asked; exit 0' TERM; echo began; " + gate.wait()});
  REQUIRE(wait_until([&] { return daemon.run({"logs", id}).out == "began\n"; }));
  CHECK(daemon.run({"cancel", "--now", id}).exit_code == 0);
  const std::string again = only_line(daemon.run({"retry", id}));
  REQUIRE(wait_until([&] { return daemon.run({"logs", again}).out == "began\n"; }));
  CHECK(daemon.run({"cancel", again}).exit_code == 0);
  CHECK(daemon.run({"logs", again}).out == "began\nasked\n");
}
