// What a newcomer, or a hurried script, does with the command line whatever the verb.
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

using namespace jobpool::testing;

namespace {

// By way of a shell, which can close descriptors.
Finished in_shell(const Daemon& daemon, const std::string& line) {
  Invocation call = daemon.invocation({});
  call.argv = {"sh", "-c", line, program("jobpool")};
  return run(std::move(call));
}

}  // namespace

TEST_CASE("jobpool alone shows all verbs, and is a usage error") {
  Daemon daemon;
  const Finished finished = daemon.run({});
  CHECK(finished.exit_code == 2);
  CHECK(finished.out.empty());
  CHECK(finished.err.find("apply-async") != std::string::npos);
}

TEST_CASE("a job that is not named, or not as jobs are, is a usage error that says how") {
  Daemon daemon;
  for (const char* verb : {"get", "wait", "ready", "successful", "show", "logs", "cancel", "kill"}) {
    const Finished missing = daemon.run({verb});
    INFO(missing.err);
    CHECK(missing.exit_code == 2);
    CHECK(missing.err.find("job") != std::string::npos);
    CHECK(missing.err.find(std::string("jobpool ") + verb + " --help") != std::string::npos);
    const Finished nonsense = daemon.run({verb, "nonsense"});
    CHECK(nonsense.exit_code == 2);
    CHECK(nonsense.err.find("'nonsense' selects no job: write an id, a list like 3,5-8, last or all") != std::string::npos);
    const Finished unknown = daemon.run({verb, "4711"});
    CHECK(unknown.exit_code == 125);
    CHECK(unknown.err.find("job 4711: no such job") != std::string::npos);
    CHECK((missing.out + nonsense.out + unknown.out).empty());
  }
}

TEST_CASE("a reader that leaves ends jobpool quietly by SIGPIPE") {
  Daemon daemon;
  const std::string id = daemon.submit({"--", "seq", "100000"});
  REQUIRE(daemon.run({"wait", id}).exit_code == 0);
  for (const std::string verb : {"get", "logs"}) {
    // The shell's exit code is the pipe's last one: jobpool's own comes by descriptor 3.
    const Finished finished = in_shell(daemon, "{ { \"$0\" " + verb + " " + id + " 3>&-; echo $? >&3; } | head -n 1; } 3>&1");
    INFO(finished.err);
    // head leaves before it has written what it read: either may be the first.
    CHECK((finished.out == "1\n141\n" || finished.out == "141\n1\n"));
    CHECK(finished.err.empty());
  }
}

// With stdout closed the connection became descriptor 1: results were written to the daemon, and the exit code was 0.
TEST_CASE("a closed stdout is an error, not another descriptor's number") {
  Daemon daemon;
  for (const char* words : {"status", "apply @square 7", "apply-async @square 7", "list"}) {
    const Finished finished = in_shell(daemon, std::string("\"$0\" ") + words + " >&-");
    INFO(words);
    CHECK(finished.exit_code == 125);
    CHECK(finished.err.find("write to stdout") != std::string::npos);
  }
  const Finished command = in_shell(daemon, "\"$0\" apply -- sh -c 'echo hi' >&-");
  CHECK(command.exit_code != 0);  // the command's own echo failed, as without us
  CHECK(in_shell(daemon, "\"$0\" apply -- sh -c 'cat; exit 3' <&-").exit_code == 3);
  CHECK(in_shell(daemon, "\"$0\" apply -- sh -c 'exit 4' >&- 2>&- <&-").exit_code == 4);
}

TEST_CASE("a full disk under stdout is an error") {
  Daemon daemon;
  for (const char* words : {"status", "apply @square 7", "apply-async @square 7", "list", "ping", "version"}) {
    const Finished finished = in_shell(daemon, std::string("\"$0\" ") + words + " >/dev/full");
    INFO(words);
    CHECK(finished.exit_code == 125);
    CHECK(finished.err.find("No space left on device") != std::string::npos);
  }
}

TEST_CASE("help tells of the verb that is named, as its --help does") {
  Daemon daemon;
  CHECK(daemon.run({"help", "list"}).out == daemon.run({"list", "--help"}).out);
  CHECK(daemon.run({"help", "queue", "put"}).out == daemon.run({"queue", "put", "--help"}).out);
  CHECK(daemon.run({"help"}).out == daemon.run({"--help"}).out);
  CHECK(daemon.run({"help", "nonsense"}).exit_code == 2);
}

TEST_CASE("errors name the remedy that fits") {
  Daemon daemon;
  CHECK(daemon.run({"kill", "-KILL", "1"}).err.find("write -s KILL") != std::string::npos);
  CHECK(daemon.run({"kill", "-9", "1"}).exit_code == 2);
  const Finished queue = daemon.run({"queue", "delete", "nosuch"});
  CHECK(queue.exit_code == 125);
  CHECK(queue.err == "jobpool: queue 'nosuch': no such queue (never made, or deleted)\n");
  const Finished batch = daemon.run({"map", "--async", "--", "echo", ":::", "a"});
  std::string id = batch.out.substr(0, batch.out.find('\n'));
  REQUIRE(daemon.run({"wait", id}).exit_code == 0);
  CHECK(daemon.run({"logs", id}).err.find("it is a batch") != std::string::npos);
  CHECK(daemon.job(id)["description"] == "map echo, 1 command");
}
