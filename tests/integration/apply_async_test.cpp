// jobpool apply-async: submit a job and go; only its id comes back.
#include <cstdint>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"

using namespace jobpool::testing;

TEST_CASE("apply-async prints only the id, long before the job ends") {
  Daemon daemon;
  const Gate gate(daemon.file("gate"));
  // The bug: it was given a second, and a busy disk takes longer to commit the job. This one ends when the test says so, long after the id.
  const std::string id = daemon.submit({"--", "sh", "-c", gate.wait()});  // checks that digits and a newline are all
  CHECK(daemon.run({"ready", id}).exit_code == 1);
  gate.open();
  CHECK(daemon.run({"get", id}).exit_code == 0);
}

TEST_CASE("ids ascend and are never given twice") {
  Daemon daemon;
  std::uint64_t last = 0;
  for (int count = 0; count < 5; ++count) {
    const std::uint64_t id = std::stoull(daemon.submit({"@square", "2"}));
    CHECK(id > last);
    last = id;
  }
}

TEST_CASE("the same key is the same job, and another job under it is refused") {
  Daemon daemon;
  VarlinkClient client = daemon.connect();
  const auto submit = [&](const char* word) {
    const json job = {{"command", {"echo", word}}, {"key", "nightly"}};
    return client.reply_to("org.jobpool.Pool.ApplyAsync", {{"job", job}});
  };
  const json id = submit("hi")["parameters"]["id"];
  CHECK(submit("hi")["parameters"]["id"] == id);
  client.call("org.jobpool.Job.Wait", {{"ids", {id}}});
  CHECK(submit("hi")["parameters"]["id"] == id);  // remembered after its end
  const json other = submit("ho");
  CHECK(other["error"] == "org.jobpool.Pool.KeyConflict");
  CHECK(other["parameters"]["key"] == "nightly");
  CHECK(other["parameters"]["id"] == id);
}

// The bug: the environment of whoever typed it was a part of it, so that it was a conflict in the next terminal, cron run or service; and
// so was with which streams it was asked for.
TEST_CASE("the same command under one key is one job from another terminal, and by apply, apply --json and apply-async") {
  Daemon daemon;
  const auto in_shell = [&](const std::string& level, std::vector<std::string> words) {
    Invocation invocation = daemon.invocation(std::move(words));
    invocation.environment.push_back("SHLVL=" + level);
    invocation.environment.push_back("INVOCATION_ID=run" + level);
    return run(std::move(invocation));
  };
  const std::vector<std::string> work{"--unique", "k", "--env", "A=b", "--", "sh", "-c", "echo $A $SHLVL"};
  const auto with = [&](std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  const Finished first = in_shell("1", with({"apply-async"}, work));
  REQUIRE(first.exit_code == 0);
  CHECK(in_shell("2", with({"apply-async"}, work)).out == first.out);
  CHECK(in_shell("3", with({"apply"}, work)).out == "b 1\n");
  const Finished object = in_shell("4", with({"--json", "apply"}, work));
  CHECK(object.exit_code == 0);
  CHECK(json::parse(object.out)["id"] == json::parse(first.out));
  const Finished other = in_shell("1", {"apply-async", "--unique", "k", "--env", "A=c", "--", "sh", "-c", "echo $A $SHLVL"});
  CHECK(other.exit_code == 125);
  CHECK(other.err.find("take another key, or submit the same") != std::string::npos);

  for (const char* level : {"1", "2"}) {
    const Finished mapped = in_shell(level, {"map", "--unique", "m", "--", "echo", "{}", ":::", "x", "y"});
    CHECK(mapped.out == "x\ny\n");
  }
  const Finished batch = in_shell("1", {"map", "--async", "--unique", "b", "--", "echo", "{}", ":::", "x", "y"});
  REQUIRE(batch.exit_code == 0);
  CHECK(in_shell("2", {"map", "--async", "--unique", "b", "--", "echo", "{}", ":::", "x", "y"}).out == batch.out);
}

// Told when the job has ended, they are submissions too, under the job's key.
TEST_CASE("what runs on success is the same from another terminal") {
  Daemon daemon;
  std::string first;
  for (const char* level : {"1", "2"}) {
    Invocation invocation = daemon.invocation({"apply-async", "--unique", "k", "--on-success", "true", "--", "true"});
    invocation.environment.push_back("SHLVL=" + std::string{level});
    const Finished finished = run(std::move(invocation));
    CHECK(finished.exit_code == 0);
    if (first.empty()) first = finished.out;
    CHECK(finished.out == first);
  }
}

TEST_CASE("a submission to a pool that is not there says so") {
  Daemon daemon;
  const Finished finished = daemon.run({"apply-async", "--pool", "nowhere", "--", "true"});
  CHECK(finished.exit_code == 125);
  CHECK(finished.out.empty());
  CHECK(finished.err.find("nowhere") != std::string::npos);
}

TEST_CASE("a hundred thousand pipelined submissions of a small Python script are all run") {
  Daemon daemon;
  const Finished finished =
      run({.argv = {"python3", JOBPOOL_SOURCE_DIR "/tests/examples/pipeline.py", daemon.socket(), "100000"}}, 4 * kPatience);
  INFO(finished.out << finished.err);
  CHECK(finished.exit_code == 0);
  const json pool = daemon.status()["pools"][0];
  CHECK(pool["ready"] == 0);
  CHECK(pool["running"] == 0);
  CHECK(daemon.status()["rescuedWakeups"] == 0);
}

TEST_CASE("apply-async --on-success and --on-failure run one of two commands when it has ended") {
  Daemon daemon({.workers = 1});
  const std::string said = daemon.file("said");
  for (const char* code : {"0", "3"}) {
    const std::string id = daemon.submit({"--on-success", "echo well $JOBPOOL_OF_JOB >> " + said, "--on-failure",
                                          "echo badly $JOBPOOL_OF_JOB >> " + said, "--", "sh", "-c", std::string{"exit "} + code});
    const std::string success = std::to_string(std::stoull(id) + 1), failure = std::to_string(std::stoull(id) + 2);
    REQUIRE(daemon.run({"wait", id, success, failure}).exit_code == 0);
    const bool well = *code == '0';
    CHECK(daemon.job(success)["outcome"] == (well ? "succeeded" : "skipped"));
    CHECK(daemon.job(failure)["outcome"] == (well ? "skipped" : "succeeded"));
    CHECK(run({.argv = {"tail", "-n", "1", said}}).out == (well ? "well " : "badly ") + id + "\n");
  }
  const std::string key(128, 'k');
  CHECK(daemon.run({"apply-async", "--unique", key, "--on-success", "true", "--", "true"}).exit_code == 2);
  CHECK(daemon.run({"apply-async", "--unique", key, "--", "true"}).exit_code == 0);
}
