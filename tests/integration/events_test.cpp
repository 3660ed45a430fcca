// jobpool events: what happens, as it happens.
#include <signal.h>

#include <algorithm>

#include "jobpool/client.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"

using namespace jobpool::testing;

namespace {

// A `jobpool events --json` that listens.
class Listener {
 public:
  Listener(const Daemon& daemon, std::vector<std::string> words) : child_(start(daemon, std::move(words))) {
    CHECK(next()["kind"] == "listening");
  }
  json next() {
    const json event = json::parse(child_.read_line(), nullptr, false);
    REQUIRE(event.is_object());
    return event;
  }
  // The next whose `field` is `value`.
  json next(const char* field, const json& value) {
    for (;;)
      if (json event = next(); event.contains(field) && event[field] == value) return event;
  }
  // "ready", "running", "done"…, of this job, up to its end.
  std::vector<std::string> life_of(const std::string& id) {
    std::vector<std::string> states;
    while (states.empty() || states.back() != "done") states.push_back(next("job", std::stoull(id))["state"]);
    return states;
  }
  Child& child() { return child_; }

 private:
  static Child start(const Daemon& daemon, std::vector<std::string> words) {
    words.insert(words.begin(), {"events", "--json"});
    return daemon.start(std::move(words));
  }
  Child child_;
};

using States = std::vector<std::string>;

}  // namespace

TEST_CASE("events tell the life of a job, state by state, with what belongs to it") {
  Daemon daemon({.workers = 1});
  Listener listener(daemon, {});
  const std::string id = daemon.submit({"--delay", "20ms", "--", "sh", "-c", "exit 3"});
  const json waiting = listener.next("job", std::stoull(id));
  CHECK(waiting["state"] == "waiting");
  CHECK(waiting["waitingFor"] == "a delay");
  CHECK(waiting["pool"] == "default");
  CHECK(listener.next("kind", "job")["state"] == "ready");
  const json running = listener.next("kind", "job");
  CHECK(running["state"] == "running");
  CHECK(running["attempt"] == 1);
  CHECK(running["worker"] == 1);
  const json done = listener.next("kind", "job");
  CHECK(done["state"] == "done");
  CHECK(done["outcome"] == "failed");
  CHECK(done["exitCode"] == 3);
  CHECK(done["usec"] >= running["usec"]);
}

TEST_CASE("retries, queues, pools and workers are told of") {
  Daemon daemon({.workers = 1});
  REQUIRE(daemon.run({"queue", "create", "mail"}).exit_code == 0);
  Listener listener(daemon, {});
  const std::string retried = daemon.submit({"--retries", "1", "--backoff", "100ms", "@fail", "\"no\"", "\"LuckError\""});
  CHECK(listener.life_of(retried) == States{"ready", "running", "waiting", "ready", "running", "done"});
  const std::string getter = daemon.submit({"--", program("jobpool"), "queue", "get", "mail"});
  CHECK(listener.next("state", "waiting")["waitingFor"] == "an item in queue 'mail'");
  CHECK(daemon.run({"queue", "put", "mail", "7"}).exit_code == 0);
  CHECK(listener.life_of(getter) == States{"running", "done"});

  REQUIRE(daemon.run({"pool", "create", "images", "-j", "1"}).exit_code == 0);
  // Its worker may be quicker than the disk.
  json created, started;
  while (created.is_null() || started.is_null()) {
    const json event = listener.next("pool", "images");
    (event["kind"] == "pool" ? created : started) = event;
  }
  CHECK(created["state"] == "running");
  CHECK(started["state"] == "started");
  REQUIRE(daemon.run({"pool", "pause", "images"}).exit_code == 0);
  CHECK(listener.next("kind", "pool")["state"] == "paused");
  REQUIRE(::kill(started["pid"], SIGKILL) == 0);
  const json died = listener.next("kind", "worker");
  CHECK(died["reason"] == "was killed by signal 9");
  CHECK(died["pid"] == started["pid"]);  // the bug: it was not told, where it is wanted most
  REQUIRE(daemon.run({"terminate", "images"}).exit_code == 0);
  CHECK(listener.next("state", "terminated")["pool"] == "images");
  CHECK(listener.next("state", "joined")["pool"] == "images");
  // A worker that was asked for before may still come, and leave.
  REQUIRE(wait_until([&] { return daemon.run({"pool", "delete", "images"}).exit_code == 0; }));
  CHECK(listener.next("state", "deleted")["pool"] == "images");
}

TEST_CASE("events of some jobs, of one pool, and for people") {
  Daemon daemon({.workers = 1});
  Gate gate(daemon.file("gate"));
  const std::string first = daemon.submit({"--", "sh", "-c", gate.wait()}), second = daemon.submit({"@square", "7"});
  REQUIRE(wait_until([&] { return daemon.job(first)["state"] == "running"; }));
  REQUIRE(daemon.run({"pool", "create", "images", "-j", "1"}).exit_code == 0);
  Listener of_job(daemon, {"--job", second}), of_pool(daemon, {"--pool", "images"});
  Child for_people = daemon.start({"events"});
  CHECK(for_people.read_line().ends_with("  listening"));
  const std::string third = daemon.submit({"--pool", "images", "--", "false"});
  CHECK(of_pool.life_of(third) == States{"ready", "running", "done"});
  gate.open();
  CHECK(of_job.life_of(second) == States{"running", "done"});
  for (const std::string& part : {"job " + third + "  ready  pool images", "job " + third + "  running", std::string{"failed 1"}})
    while (for_people.read_line().find(part) == std::string::npos) continue;
  CHECK(daemon.run({"events", "--pool", "nowhere"}).err.find("no such pool") != std::string::npos);
  CHECK(daemon.run({"events", "x"}).exit_code == 2);
  CHECK(daemon.run({"events", "--job", "4711-4712"}).exit_code == 125);
}

TEST_CASE("the stream ends with the daemon, and breaks off by name with its broker") {
  Daemon daemon;
  Listener listener(daemon, {});
  const pid_t broker = daemon.broker_pid();
  REQUIRE(::kill(broker, SIGKILL) == 0);
  const Finished broken = listener.child().finish();
  CHECK(broken.exit_code == 125);
  CHECK(broken.err.find("broke off") != std::string::npos);
  REQUIRE(wait_until([&] { return daemon.broker_pid() != broker; }));
  Listener another(daemon, {});
  daemon.stop();
  CHECK(another.child().finish().exit_code == 0);
}

TEST_CASE("who does not read is told how many were missed, and slows down nobody") {
  Daemon daemon;
  VarlinkClient deaf = daemon.connect();
  deaf.send("org.jobpool.Pool.Events", json::object(), {{"more", true}});
  CHECK((*deaf.receive())["parameters"]["event"]["kind"] == "listening");
  // Far more than the socket and its buffer (1 MiB) take.
  std::vector<std::string> calls;
  for (int i = 0; i < 10'000; ++i)
    calls.push_back(call_text("org.jobpool.Pool.ApplyAsync",
                              {{"job", {{"function", "square"}, {"arguments", "[7]"}, {"durable", false}, {"pool", "default"}}}}));
  VarlinkClient submitter = daemon.connect();
  const std::vector<json> answers = submitter.exchange(calls);
  const std::string last = answers.back()["parameters"]["id"].dump();
  REQUIRE(daemon.run({"wait", last}).exit_code == 0);
  // Everything is counted: what is told, and what was missed.
  std::int64_t told = 0, missed = 0;
  while (missed == 0) {
    const json event = (*deaf.receive())["parameters"]["event"];
    if (event["kind"] == "missed") missed = event["missed"];
    told += event["kind"] == "job" ? 1 : 0;
  }
  CHECK(told > 1'000);
  CHECK(missed > 1'000);
  CHECK(told + missed <= 30'000);
  const std::string next = daemon.submit({"@square", "8"});
  REQUIRE(daemon.run({"wait", next}).exit_code == 0);
  for (;;) {
    const json event = (*deaf.receive())["parameters"]["event"];
    if (event["kind"] == "missed") missed += event["missed"].get<std::int64_t>();
    if (event["kind"] == "job" && event["job"] == std::stoull(next) && event["state"] == "done") break;
    told += event["kind"] == "job" && event["job"] != std::stoull(next) ? 1 : 0;
  }
  CHECK(told + missed == 30'000);
}

TEST_CASE("the library streams events, waits no longer than asked, and retries") {
  Daemon daemon({.workers = 1});
  const jobpool::Client client(daemon.socket());
  REQUIRE(wait_until([&] { return daemon.status()["pools"][0]["workersIdle"] == 1; }));
  auto events = client.events({.pool = "default"});
  CHECK_THROWS_AS(events.next(std::chrono::milliseconds{20}), jobpool::TimeoutError);
  const auto job = client.pool().apply_async("square", 7);
  CHECK(job.get<int>() == 49);
  std::vector<std::string> states;
  while (states.size() < 3)
    if (const auto event = events.next(); event->kind == "job") states.push_back(event->state);
  CHECK(states == States{"ready", "running", "done"});
  const auto again = job.retry();
  CHECK(again.id() != job.id());
  CHECK(again.get<int>() == 49);
  CHECK(*events.next()->job == again.id());
  CHECK_THROWS_AS(client.events({.pool = "nowhere"}), jobpool::NoSuchPool);
  CHECK_THROWS_AS(client.job(4711).retry(), jobpool::NoSuchJob);
  daemon.stop();
  while (events.next()) continue;
  CHECK_FALSE(events.next());
}
