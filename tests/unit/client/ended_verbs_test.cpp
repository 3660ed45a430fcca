// remove, clean, reload, and what the terms of a job look like: the real program against a daemon that does what each test says.
#include "proto/messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/client/visit.hpp"

using namespace jobpool;
using namespace jobpool::testing;

namespace {

std::string status_that_waits(std::optional<std::int64_t> workers) {
  proto::Status status;
  status.instance = "A";
  status.reloads = 0;
  status.workers_retiring = workers;
  return proto::write_status(status);
}

// How often the daemon has become another program, and could not. Of earlier versions, which do not count: nothing.
std::string status_of(std::optional<std::int64_t> reloads, std::optional<std::int64_t> failed = {}, const std::string& instance = "A") {
  proto::Status status;
  status.instance = instance;
  status.reloads = reloads;
  status.failed_reloads = failed;
  return proto::write_status(status);
}

void answer_status(FakePeer& peer, const std::string& status) {
  peer.hear("org.jobpool.Pool.Status");
  peer.say(status);
}

proto::Job waiting_job() {
  proto::Job job;
  job.id = JobId{7};
  job.pool = "default";
  job.description = "make";
  job.state = JobState::waiting;
  job.submitted_usec = 1'700'000'000'000'000;
  job.waiting_for = "job \x1b[31m5";
  job.durable = true;
  job.priority = -3;
  job.retries = 2;
  job.not_before_usec = 1'700'000'060'000'000;
  job.after = {JobId{5}, JobId{6}};
  job.after_any = {JobId{4}};
  job.key = "nightly";
  return job;
}

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("remove is silent when all are gone, and names those that were not there") {
  const Finished gone = answered("org.jobpool.Job.Remove", proto::write_ids("removed", {{3}, {4}}), {"remove", "3,4"});
  CHECK(gone.exit_code == 0);
  CHECK(gone.out.empty());
  CHECK(gone.err.empty());
  const Finished missing = answered("org.jobpool.Job.Remove", proto::write_ids("removed", {{4}}), {"remove", "--json", "3", "4"});
  CHECK(missing.exit_code == 125);
  CHECK(missing.out == "{\"removed\":[4]}\n");
  CHECK(has(missing.err, "job 3"));
  CHECK_FALSE(has(missing.err, "job 4"));
}

TEST_CASE("remove of a job that has not ended names it and the remedy") {
  const Finished refused_so = refused("org.jobpool.Job.Remove", "org.jobpool.Job.NotEnded", "{\"id\":3}", {"remove", "3"});
  CHECK(refused_so.exit_code == 125);
  CHECK(has(refused_so.err, "job 3"));
  CHECK(has(refused_so.err, "cancel it"));
}

TEST_CASE("clean asks for what fits and prints how many they were") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    const auto some = proto::read_clean(peer.hear("org.jobpool.Job.Clean").call.parameters);
    if (!some || some->older_than != std::chrono::hours{48} || some->outcome != Outcome::failed || some->pool != "mail")
      throw std::runtime_error("other jobs were meant");
    peer.say(proto::write_count("removed", 12));
    peer = self.accept();
    const auto all = proto::read_clean(peer.hear("org.jobpool.Job.Clean").call.parameters);
    if (!all || all->older_than || all->outcome || all->pool) throw std::runtime_error("all jobs were meant");
    peer.say(proto::write_count("removed", 0));
  });
  const Finished some = jobpool_at(server.path(), {"clean", "--older-than", "2d", "--outcome", "failed", "--pool", "mail"});
  CHECK(some.exit_code == 0);
  CHECK(some.out == "12\n");
  const Finished all = jobpool_at(server.path(), {"clean", "--all", "--json"});
  INFO(all.err);
  CHECK(all.out == "{\"removed\":0}\n");
  server.finish();
}

TEST_CASE("clean without an option says what it would need") {
  const Finished finished = jobpool_at("/tmp/no/such/jobpool", {"clean"});
  CHECK(finished.exit_code == 2);
  CHECK(has(finished.err, "--older-than"));
  CHECK(has(finished.err, "--all"));
}

TEST_CASE("reload returns when it has begun") {
  const Finished finished = answered("org.jobpool.Pool.Reload", "{}", {"reload"});
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.empty());
}

// What becomes of reload --wait at a daemon that says `before`, hears the reload, and whose next broker says each of `after`: the last is
// taken for an answer, those before it for one of a broker that died of something else.
Finished reload_between(const std::string& before, const std::vector<std::string>& after) {
  FakeServer server([&](FakeServer& self) {
    FakePeer idle = self.accept();
    answer_status(idle, before);
    for (const std::string& status : after) {
      FakePeer witness = self.accept();
      if (witness.hear("org.jobpool.Pool.Reload").call.parameters.tree() != nlohmann::json{{"wait", true}})
        throw std::runtime_error("it does not wait");
      witness.close();
      FakePeer next = self.accept();
      answer_status(next, status);
    }
  });
  Finished finished = jobpool_at(server.path(), {"reload", "--wait"});
  server.finish();
  return finished;
}

TEST_CASE("reload --wait returns when another program serves, and not before") {
  CHECK(reload_between(status_of(0, 0), {status_of(1, 0)}).exit_code == 0);
  CHECK(reload_between(status_of(std::nullopt), {status_of(1, 0)}).exit_code == 0);
  CHECK(reload_between(status_of(3, 0), {status_of(std::nullopt)}).exit_code == 0);
}

TEST_CASE("reload --wait asks the next broker when one died of something else") {
  CHECK(reload_between(status_of(2, 1), {status_of(2, 1), status_of(3, 1)}).exit_code == 0);
}

// It said nothing: exit code 0, since another broker served.
TEST_CASE("reload --wait is an error when the new program could not be executed, or the daemon is another one") {
  const Finished failed = reload_between(status_of(2, 0), {status_of(2, 1)});
  CHECK(failed.exit_code == 125);
  CHECK(has(failed.err, "the new program could not be executed"));
  const Finished replaced = reload_between(status_of(2, 0), {status_of(0, 0, "B")});
  CHECK(replaced.exit_code == 125);
  CHECK(has(replaced.err, "another one was started"));
}

// It said so after thirty seconds.
TEST_CASE("reload --wait says at once that the reload was refused") {
  FakeServer server([](FakeServer& self) {
    FakePeer idle = self.accept();
    answer_status(idle, status_of(0, 0));
    FakePeer witness = self.accept();
    witness.hear("org.jobpool.Pool.Reload");
    witness.fail("org.jobpool.Pool.ReloadRefused", R"({"reason":"the daemon goes on as before"})");
  });
  const Finished finished = jobpool_at(server.path(), {"reload", "--wait"});
  server.finish();
  CHECK(finished.exit_code == 125);
  CHECK(has(finished.err, "the reload was refused: the daemon goes on as before"));
}

TEST_CASE("reload --wait asks once, also of a daemon that says yes before it goes") {
  // The bug: the answer was taken for one of a daemon that does not know `wait`, and a second reload was asked for.
  FakeServer server([](FakeServer& self) {
    FakePeer idle = self.accept();
    answer_status(idle, status_of(0, 0));
    FakePeer witness = self.accept();
    witness.hear("org.jobpool.Pool.Reload");
    witness.say("{}");
    witness.end_output();
    FakePeer next = self.accept();
    answer_status(next, status_of(1, 0));
    if (witness.hears_more()) throw std::runtime_error("it asked again");
  });
  const Finished finished = jobpool_at(server.path(), {"reload", "--wait"});
  server.finish();
  CHECK(finished.exit_code == 0);
}

TEST_CASE("reload --wait asks a daemon that does not know `wait` without it") {
  FakeServer server([](FakeServer& self) {
    FakePeer idle = self.accept();
    answer_status(idle, status_of(std::nullopt));
    FakePeer witness = self.accept();
    witness.hear("org.jobpool.Pool.Reload");
    witness.fail("org.varlink.service.InvalidParameter", R"({"parameter":"wait"})");
    witness.hear("org.jobpool.Pool.Reload");
    witness.say("{}");
    witness.close();
    FakePeer next = self.accept();
    answer_status(next, status_of(1, 0));
  });
  const Finished finished = jobpool_at(server.path(), {"reload", "--wait"});
  server.finish();
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
}

TEST_CASE("reload --wait explains once that the reload waits for running jobs, and waits on") {
  FakeServer server([](FakeServer& self) {
    FakePeer idle = self.accept();
    answer_status(idle, status_of(0, 0));
    FakePeer witness = self.accept();
    witness.hear("org.jobpool.Pool.Reload");
    answer_status(idle, status_that_waits(2));
    answer_status(idle, status_that_waits(1));
    witness.close();
    FakePeer next = self.accept();
    answer_status(next, status_of(1, 0));
  });
  const Finished finished = jobpool_at(server.path(), {"reload", "--wait"});
  server.finish();
  CHECK(finished.exit_code == 0);
  CHECK(has(finished.err, "waits until 2 workers have done what they have"));
  CHECK_FALSE(has(finished.err, "1 worker"));
}

TEST_CASE("list says what a job waits for, and nothing in it writes to the terminal") {
  const Finished finished = answered("org.jobpool.Job.List", proto::write_job(waiting_job()), {"list"});
  CHECK(has(finished.out, " 7  waiting for job \\x1b[31m5  default"));
}

TEST_CASE("show prints the terms, what is waited for, and a line of each attempt") {
  proto::Job job = waiting_job();
  proto::Attempt first;
  first.worker = 2;
  first.pid = 4242;
  first.started_usec = 1'700'000'000'000'000;
  first.ended_usec = 1'700'000'003'000'000;
  first.outcome = Outcome::failed;
  first.exit_code = 3;
  first.reason = "so it was";
  proto::Attempt second;
  second.number = 2;
  job.attempts = {first, second};
  const Finished finished = answered("org.jobpool.Job.Show", proto::write_job(job), {"show", "7"});
  CHECK(finished.exit_code == 0);
  for (const char* part :
       {"waiting for job", "  durable     yes\n", "  priority    -3\n", "  retries     2\n", "  after       5, 6\n", "  after any   4\n",
        "  key         nightly\n", "  not before  20", "  attempt  started", "3.00s", "4242", "failed 3  so it was\n"})
    CHECK(has(finished.out, part));
  CHECK_FALSE(has(finished.out, "\x1b"));
}

TEST_CASE("show of a job without terms of its own has no line for them") {
  proto::Job job;
  job.id = JobId{7};
  job.pool = "default";
  job.description = "make";
  job.priority = 0;
  job.retries = 0;
  job.durable = false;
  const Finished finished = answered("org.jobpool.Job.Show", proto::write_job(job), {"show", "7"});
  CHECK(has(finished.out, "  durable     no"));
  for (const char* part : {"priority", "retries", "after", "key", "not before", "started"}) CHECK_FALSE(has(finished.out, part));
}

TEST_CASE("what stands against a submission is told by name, with the exit code that it means") {
  struct Case {
    const char *error, *parameters, *told;
    int exit_code;
  };
  const Case cases[] = {
      {"org.jobpool.Pool.StoreFull", R"({"reason":"the disk is full: new durable jobs are refused"})", "the disk is full", 75},
      {"org.jobpool.Pool.QueueFull", R"({"pool":"default","limit":3,"reason":"enough"})", "full", 75},
      {"org.jobpool.Pool.KeyConflict", R"({"key":"k","id":41})", "job 41; take another key", 125},
      {"org.jobpool.Pool.NoSuchDependency", R"({"id":5})", "job 5", 125},
  };
  for (const Case& one : cases) {
    FakeServer server([&](FakeServer& self) {
      FakePeer peer = self.accept();
      peer.greet("A");  // asked what it understands, and who it is
      peer.greet("A");
      peer.hear("org.jobpool.Pool.ApplyAsync");
      peer.fail(one.error, one.parameters);
    });
    const Finished finished = jobpool_at(server.path(), {"apply-async", "--unique", "k", "--after", "5", "true"});
    server.finish();
    CHECK(finished.exit_code == one.exit_code);
    CHECK(finished.out.empty());
    CHECK(has(finished.err, one.told));
  }
}

TEST_CASE("apply-async sends its terms, after last is the newest job there is") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear("org.jobpool.Job.List");
    proto::Job job = waiting_job();
    job.id = JobId{8};
    peer.say(proto::write_job(waiting_job()), true);
    peer.say(proto::write_job(job));
    peer.greet("A");
    peer.greet("A");
    const auto sent = proto::read_submit(peer.hear("org.jobpool.Pool.ApplyAsync").call.parameters);
    if (!sent || sent->after != std::vector{JobId{8}} || sent->key != "k" || sent->durable != true || sent->priority != 9)
      throw std::runtime_error("other terms were meant");
    peer.say(proto::write_accepted(JobId{41}));
  });
  const Finished finished =
      jobpool_at(server.path(), {"apply-async", "--unique", "k", "--after", "last", "--durable", "--priority", "9", "true"});
  server.finish();
  CHECK(finished.out == "41\n");
}

TEST_CASE("apply --durable lends nothing and replays what the daemon kept") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    const Heard heard = peer.hear("org.jobpool.Pool.Apply");
    if (!heard.fds.empty()) throw std::runtime_error("a descriptor was passed");
    proto::Ending end;
    end.id = JobId{7};
    end.outcome = Outcome::failed;
    end.exit_code = 3;
    end.standard_output.bytes = "kept\n";
    peer.say(proto::write_ending(end));
  });
  const Finished finished = jobpool_at(server.path(), {"apply", "--durable", "--", "true"});
  server.finish();
  CHECK(finished.out == "kept\n");
  CHECK(finished.exit_code == 3);
}

TEST_CASE("a job that timed out and a waiter whose time is over are both 124, told apart") {
  proto::Ending end;
  end.id = JobId{7};
  end.outcome = Outcome::timed_out;
  end.signal = 15;
  const Finished job = answered("org.jobpool.Job.Get", proto::write_ending(end), {"get", "7"});
  CHECK(job.exit_code == 124);
  CHECK(has(job.err, "job 7: timed_out"));
  const Finished waiter = refused("org.jobpool.Job.Get", "org.jobpool.Job.TimedOut", "{\"id\":7}", {"get", "--timeout", "1ms", "7"});
  CHECK(waiter.exit_code == 124);
  CHECK(has(waiter.err, "it goes on"));
}
