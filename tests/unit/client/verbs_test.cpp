// The verbs as programs: what they ask, print and exit with. The real program against a daemon that does what each test says.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include "proto/messages.hpp"
#include "proto/version.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/client/visit.hpp"

using namespace jobpool;
using namespace jobpool::testing;

namespace {

proto::Job job(std::uint64_t id) {
  proto::Job one;
  one.id = JobId{id};
  one.pool = "default";
  one.description = "echo \x1b[31mhi";
  one.submitted_usec = 1'700'000'000'000'000;
  return one;
}

}  // namespace

TEST_CASE("apply of a function prints its result, raw on demand") {
  for (const bool raw : {false, true}) {
    FakeServer server([](FakeServer& self) {
      FakePeer peer = self.accept();
      peer.greet("A");
      peer.hear("org.jobpool.Pool.Apply");
      peer.say(function_ending(1, "\"text\""));
    });
    const Finished finished =
        jobpool_at(server.path(), raw ? std::vector<std::string>{"run", "--raw", "@f"} : std::vector<std::string>{"apply", "@f", "7"});
    server.finish();
    CHECK(finished.exit_code == 0);
    CHECK(finished.out == (raw ? "text\n" : "\"text\"\n"));
    CHECK(finished.err.empty());
  }
}

TEST_CASE("apply-async prints the id and nothing else, a full queue is exit 75") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    const Heard heard = peer.hear("org.jobpool.Pool.ApplyAsync");
    if (!heard.fds.empty()) throw std::runtime_error("nothing is passed with an asynchronous job");
    peer.say(proto::write_accepted(JobId{41}));
    FakePeer second = self.accept();
    second.greet("A");
    second.hear("org.jobpool.Pool.ApplyAsync");
    second.fail("org.jobpool.Pool.QueueFull", R"({"pool":"default","limit":3,"reason":"enough is enough"})");
  });
  const Finished accepted = jobpool_at(server.path(), {"submit", "--", "true"});
  CHECK(accepted.out == "41\n");
  CHECK(accepted.err.empty());
  CHECK(accepted.exit_code == 0);
  const Finished full = jobpool_at(server.path(), {"apply-async", "--", "true"});
  server.finish();
  CHECK(full.exit_code == 75);
  CHECK(full.out.empty());
  CHECK(full.err.find("enough is enough") != std::string::npos);
}

TEST_CASE("apply-async prints the id of a job that was accepted, whatever becomes of its callbacks") {
  // The bug: a full queue for the callback was exit 75, "try again", and nobody was told the id of what ran already.
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    peer.hear("org.jobpool.Pool.ApplyAsync");
    peer.say(proto::write_accepted(JobId{41}));
    peer.hear("org.jobpool.Pool.ApplyAsync");
    peer.fail("org.jobpool.Pool.QueueFull", R"({"pool":"default","limit":3,"reason":"enough is enough"})");
  });
  const Finished finished = jobpool_at(server.path(), {"apply-async", "--on-success", "true", "--", "true"});
  server.finish();
  CHECK(finished.out == "41\n");
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("job 41 was submitted, and its --on-success was not: ") != std::string::npos);
}

TEST_CASE("get replays both streams byte for byte and exits as the job did") {
  proto::Ending end;
  end.id = JobId{7};
  end.outcome = Outcome::failed;
  end.exit_code = 9;
  end.standard_output.bytes = std::string{"out\0\xff", 5};
  end.standard_error.bytes = "err";
  const Finished finished = answered("org.jobpool.Job.Get", proto::write_ending(end), {"get", "7"});
  CHECK(finished.exit_code == 9);
  CHECK(finished.out == std::string{"out\0\xff", 5});
  CHECK(finished.err == "err");
}

TEST_CASE("get fetches output that was too long for a reply from its file") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear("org.jobpool.Job.Get");
    proto::Ending end;
    end.id = JobId{7};
    end.outcome = Outcome::succeeded;
    end.exit_code = 0;
    end.standard_output = {"the beg", true};
    peer.say(proto::write_ending(end));
    peer.hear("org.jobpool.Job.Logs");
    std::ofstream(self.file("out")) << "the beginning and the end\n";
    const UniqueFd file{::open(self.file("out").c_str(), O_RDONLY | O_CLOEXEC)};
    peer.say_with(R"({"descriptor":0,"running":false})", file.get());
  });
  const Finished finished = jobpool_at(server.path(), {"get", "7"});
  server.finish();
  CHECK(finished.out == "the beginning and the end\n");
  CHECK(finished.exit_code == 0);
}

TEST_CASE("a function's error is Type: message on stderr, exit 1") {
  proto::Ending end;
  end.id = JobId{7};
  end.outcome = Outcome::failed;
  end.error_type = "ValueError";
  end.reason = "not a number";
  const Finished finished = answered("org.jobpool.Job.Get", proto::write_ending(end), {"get", "7"});
  CHECK(finished.exit_code == 1);
  CHECK(finished.out.empty());
  CHECK(finished.err == "ValueError: not a number\n");
}

TEST_CASE("time-outs are 124 and unknown jobs 125, both named") {
  const Finished late = refused("org.jobpool.Job.Wait", "org.jobpool.Job.TimedOut", "{\"id\":8}", {"wait", "7", "8", "--timeout", "1ms"});
  CHECK(late.exit_code == 124);
  CHECK(late.err.find("job 8") != std::string::npos);
  const Finished missing = refused("org.jobpool.Job.Get", "org.jobpool.Job.NoSuchJob", "{\"id\":4711}", {"get", "4711"});
  CHECK(missing.exit_code == 125);
  CHECK(missing.err.find("4711") != std::string::npos);
}

TEST_CASE("ready and successful answer by exit code, before the end nobody knows") {
  CHECK(answered("org.jobpool.Job.Ready", "{\"ready\":true}", {"ready", "7"}).exit_code == 0);
  const Finished no = answered("org.jobpool.Job.Ready", "{\"ready\":false}", {"ready", "--json", "7"});
  CHECK(no.exit_code == 1);
  CHECK(no.out == "{\"ready\":false}\n");
  CHECK(answered("org.jobpool.Job.Successful", "{\"successful\":false}", {"successful", "7"}).exit_code == 1);
  CHECK(refused("org.jobpool.Job.Successful", "org.jobpool.Job.NotReady", "{\"id\":7}", {"successful", "7"}).exit_code == 125);
}

TEST_CASE("list shows a table, or a JSON object a line, nothing in it writes to the terminal") {
  for (const bool as_json : {false, true}) {
    FakeServer server([](FakeServer& self) {
      FakePeer peer = self.accept();
      if (!peer.hear("org.jobpool.Job.List").call.more) throw std::runtime_error("List without more");
      proto::Job failed = job(4);
      failed.state = JobState::done;
      failed.outcome = Outcome::failed;
      failed.exit_code = 3;
      peer.say(proto::write_job(failed), true);
      peer.say(proto::write_job(job(5)));
    });
    const Finished finished =
        jobpool_at(server.path(), as_json ? std::vector<std::string>{"list", "--json"} : std::vector<std::string>{"ls"});
    server.finish();
    INFO(finished.out);
    CHECK(finished.exit_code == 0);
    CHECK(finished.out.find('\x1b') == std::string::npos);
    if (as_json) {
      CHECK(finished.out.starts_with("{"));
      CHECK(finished.out.find("}\n{") != std::string::npos);
      CHECK(finished.out.find("\"exitCode\":3") != std::string::npos);
    } else {
      CHECK(finished.out.starts_with("id  state"));
      CHECK(finished.out.find(" 4  failed 3  default") != std::string::npos);
      CHECK(finished.out.find("echo \\x1b[31mhi") != std::string::npos);
    }
  }
}

TEST_CASE("an empty list is no error") {
  const Finished finished = answered("org.jobpool.Job.List", "{}", {"list", "--json"});
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.empty());
}

TEST_CASE("last is asked for by a list, and what it names is used") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear("org.jobpool.Job.List");
    peer.say(proto::write_job(job(4)), true);
    peer.say(proto::write_job(job(9)));
    const auto cancel = proto::read_cancel(peer.hear("org.jobpool.Job.Cancel").call.parameters);
    if (!cancel || cancel->ids != std::vector<JobId>{{9}}) throw std::runtime_error("another job was meant");
    peer.say(proto::write_ids("cancelled", {{9}}));
  });
  CHECK(jobpool_at(server.path(), {"cancel", "last"}).exit_code == 0);
  server.finish();
}

TEST_CASE("logs -f prints what comes until the job ends") {
  FakeServer server([](FakeServer& self) {
    const UniqueFd file{::open(self.file("out").c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
    const auto append = [&file](std::string_view text) {
      if (::write(file.get(), text.data(), text.size()) < 0) throw std::runtime_error("write");
    };
    append("first\n");
    FakePeer peer = self.accept();
    peer.hear("org.jobpool.Job.Logs");
    const UniqueFd reading{::open(self.file("out").c_str(), O_RDONLY | O_CLOEXEC)};
    peer.say_with(R"({"descriptor":0,"running":true})", reading.get());
    peer.hear("org.jobpool.Pool.Events");
    peer.say(R"({"event":{"kind":"listening","usec":1}})", true);
    FakePeer other = self.accept();
    other.hear("org.jobpool.Job.Logs");  // a later attempt would have another file
    const UniqueFd again{::open(self.file("out").c_str(), O_RDONLY | O_CLOEXEC)};
    other.say_with(R"({"descriptor":0,"running":true})", again.get());
    append("second\n");
    append("third\n");
    peer.say(R"({"event":{"kind":"job","usec":2,"job":7,"state":"done"}})", true);
    other.hear("org.jobpool.Job.Logs");
    other.say_with(R"({"descriptor":0,"running":false})", again.get());
  });
  const Finished finished = jobpool_at(server.path(), {"log", "-f", "7"});
  server.finish();
  CHECK(finished.exit_code == 0);
  CHECK(finished.out == "first\nsecond\nthird\n");
}

TEST_CASE("call prints the answer as it came, and an error's name") {
  const Finished answer = answered("a.b.C", "{\"x\":1}", {"call", "a.b.C", "{\"y\":2}"});
  CHECK(answer.out == "{\"x\":1}\n");
  CHECK(answer.exit_code == 0);
  const Finished error = refused("a.b.C", "org.varlink.service.MethodNotFound", "{\"method\":\"C\"}", {"call", "a.b.C"});
  CHECK(error.exit_code == 125);
  CHECK(error.err.find("org.varlink.service.MethodNotFound") != std::string::npos);
}

TEST_CASE("ping tells who answers, without a daemon it is 125 and names the place and the remedy") {
  const Finished there = answered("org.jobpool.Pool.Hello", hello("A"), {"ping"});
  CHECK(there.exit_code == 0);
  CHECK(there.out == "jobpoold 0.0, pid 1, instance A\n");
  const Finished nobody = jobpool_at("/tmp/no/such/jobpool", {"ping"});
  CHECK(nobody.exit_code == 125);
  CHECK(nobody.err.find("/tmp/no/such/jobpool") != std::string::npos);
  CHECK(nobody.err.find("start one with") != std::string::npos);
}

TEST_CASE("status counts the three states") {
  proto::Status status;
  status.version = "0.0";
  status.pools.push_back({.name = "default",
                          .state = "running",
                          .workers = 2,
                          .workers_idle = 1,
                          .workers_running = 1,
                          .ready = 3,
                          .running = 1,
                          .waiting = 4,
                          .done = 5,
                          .ready_time_usec = 333,
                          .running_time_usec = 1'500'000,
                          .waiting_time_usec = 0});
  const Finished finished = answered("org.jobpool.Pool.Status", proto::write_status(status), {"status"});
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.find("pool     state    workers  idle  ready  running  waiting  done  ready for    ran  waited\n"
                          "default  running        2     1      3        1        4     5      333us  1.50s     0us\n") !=
        std::string::npos);
}

TEST_CASE("shutdown returns when the daemon has gone") {
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    FakePeer witness = self.accept();
    witness.greet("A");  // another process than the one that listens: it is no use to wait for that
    first.hear("org.jobpool.Pool.Shutdown");
    first.say("{}");
  });
  CHECK(jobpool_at(server.path(), {"shutdown", "--now"}).exit_code == 0);
  server.finish();
}

TEST_CASE("usage errors are exit 2, with no daemon asked") {
  const std::vector<std::vector<std::string>> wrong{{},
                                                    {"nonsense"},
                                                    {"--bogus"},
                                                    {"apply"},
                                                    {"get"},
                                                    {"get", "x"},
                                                    {"get", "1", "2"},
                                                    {"wait"},
                                                    {"wait", "--timeout", "x", "1"},
                                                    {"kill", "-s", "NOSUCH", "1"},
                                                    {"list", "--state", "asleep"},
                                                    {"call", "nodot"},
                                                    {"call", "a.b.C", "{broken"},
                                                    {"ping", "x"},
                                                    {"apply", "--env", "X", "true"},
                                                    {"apply", "--durable", "--ephemeral", "true"},
                                                    {"apply-async", "--at", "noon", "true"},
                                                    {"apply-async", "--delay", "1", "--at", "18:00", "true"},
                                                    {"apply-async", "--durable", "--output", "/tmp/x", "true"},
                                                    {"remove"},
                                                    {"remove", "x"},
                                                    {"clean"},
                                                    {"clean", "7"},
                                                    {"clean", "--all", "--outcome", "failed"},
                                                    {"clean", "--outcome", "done"},
                                                    {"reload", "x"}};
  for (const std::vector<std::string>& words : wrong) {
    const Finished finished = jobpool_at("/tmp/no/such/jobpool", words);
    INFO((words.empty() ? "" : words.front()) << " " << finished.err);
    CHECK(finished.exit_code == 2);
    CHECK(finished.out.empty());
    CHECK(finished.err.find("--help") != std::string::npos);
  }
}

TEST_CASE("every verb has help with an example, and the overview names every verb") {
  const Finished overview = jobpool_at("/tmp/no/such/jobpool", {"--help"});
  CHECK(overview.exit_code == 0);
  for (const char* verb : {"apply", "apply-async", "get", "wait", "ready", "successful", "status", "list", "show", "logs", "cancel", "kill",
                           "remove", "clean", "call", "ping", "version", "reload", "shutdown"}) {
    INFO(verb);
    CHECK(overview.out.find(std::string{"\n  "} + verb) != std::string::npos);
    const Finished help = jobpool_at("/tmp/no/such/jobpool", {verb, "--help"});
    CHECK(help.exit_code == 0);
    CHECK(help.out.find("Example: ") != std::string::npos);
    CHECK(help.err.empty());
  }
}

TEST_CASE("version needs no daemon") {
  const Finished option = jobpool_at("/tmp/no/such/jobpool", {"--version"});
  CHECK(option.out == "jobpool " + std::string{version()} + "\n");
  const Finished verb = jobpool_at("/tmp/no/such/jobpool", {"version"});
  CHECK(verb.out == "jobpool " + std::string{version()} + "\n");
  CHECK(verb.exit_code == 0);
}
