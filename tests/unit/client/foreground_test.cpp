// `jobpool apply` in the foreground: its id, Ctrl-C and its ladder. The real program against a daemon that does what each test says.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "proto/messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/child.hpp"
#include "tests/unit/client/fake_server.hpp"

using namespace jobpool;
using namespace jobpool::testing;

namespace {

Invocation jobpool_at(const FakeServer& server, std::vector<std::string> words) {
  Invocation invocation;
  invocation.argv = std::move(words);
  invocation.argv.insert(invocation.argv.begin(), JOBPOOL_PROGRAM);
  invocation.environment = {"JOBPOOL_SOCKET=" + server.path()};
  return invocation;
}

// Hears the Apply, writes a line to the stdout that was passed (so that the test knows that it runs), and tells the id.
Heard begin(FakePeer& peer, std::string_view id = "{\"id\":12}") {
  peer.greet("A");
  Heard heard = peer.hear(kApply);
  if (!heard.call.more) throw std::runtime_error("Apply without more");
  peer.say(id, true);
  if (heard.fds.size() > 1 && ::write(heard.fds[1].get(), "runs\n", 5) != 5) throw std::runtime_error("stdout was not passed");
  return heard;
}

std::string job_ending(Outcome outcome, std::optional<int> code, std::optional<int> signal = {}, std::string reason = "") {
  proto::Ending end;
  end.id = JobId{12};
  end.outcome = outcome;
  end.exit_code = code;
  end.signal = signal;
  end.reason = std::move(reason);
  return proto::write_ending(end);
}

}  // namespace

TEST_CASE("a command gets the client's own streams, and the client its exit code") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    const Heard heard = begin(peer);
    if (heard.fds.size() != 3) throw std::runtime_error("stdin, stdout and stderr belong to the call");
    if (::write(heard.fds[2].get(), "err\n", 4) != 4) throw std::runtime_error("stderr was not passed");
    peer.say(job_ending(Outcome::failed, 3));
  });
  const Finished finished = run(jobpool_at(server, {"apply", "--", "make"}));
  server.finish();
  CHECK(finished.exit_code == 3);
  CHECK(finished.out == "runs\n");
  CHECK(finished.err == "err\n");
}

TEST_CASE("Ctrl-C is SIGINT to the command first, then cancel, then cancel at once") {
  FakeServer server([](FakeServer& self) {
    FakePeer job = self.accept();
    Heard heard = begin(job);
    const auto say = [&heard](const char* line) {
      if (::write(heard.fds[1].get(), line, 6) != 6) throw std::runtime_error("stdout");
    };
    FakePeer first = self.accept();
    const auto kill = proto::read_kill(first.hear("org.jobpool.Job.Kill").call.parameters);
    if (!kill || kill->signal != SIGINT || kill->id != JobId{12}) throw std::runtime_error("not SIGINT to job 12");
    first.say("{}");
    say("heard\n");
    FakePeer second = self.accept();
    const auto cancel = proto::read_cancel(second.hear("org.jobpool.Job.Cancel").call.parameters);
    if (!cancel || cancel->now) throw std::runtime_error("not a gentle cancel");
    say("heard\n");
    FakePeer third = self.accept();
    const auto now = proto::read_cancel(third.hear("org.jobpool.Job.Cancel").call.parameters);
    if (!now || !now->now) throw std::runtime_error("not a cancel at once");
    job.say(job_ending(Outcome::cancelled, {}, 9, "cancelled by its submitter"));
  });
  Child client(jobpool_at(server, {"apply", "--", "sleep"}));
  CHECK(client.read_line() == "runs");
  client.send_signal(SIGINT);
  CHECK(client.read_line() == "heard");
  client.send_signal(SIGINT);
  CHECK(client.read_line() == "heard");
  client.send_signal(SIGINT);
  const Finished finished = client.finish();
  server.finish();
  CHECK(finished.exit_code == 125);
  CHECK(finished.err == "jobpool: job 12: cancelled: cancelled by its submitter\n");
}

TEST_CASE("a command that has not started is cancelled by the first Ctrl-C") {
  FakeServer server([](FakeServer& self) {
    FakePeer job = self.accept();
    begin(job);
    FakePeer kill = self.accept();
    kill.hear("org.jobpool.Job.Kill");
    kill.fail("org.jobpool.Job.NotRunning", R"({"id":12,"reason":"it is ready"})");
    FakePeer cancel = self.accept();
    cancel.hear("org.jobpool.Job.Cancel");
    job.say(job_ending(Outcome::cancelled, {}));
  });
  Child client(jobpool_at(server, {"apply", "--", "sleep"}));
  CHECK(client.read_line() == "runs");
  client.send_signal(SIGINT);
  const Finished finished = client.finish();
  server.finish();
  CHECK(finished.exit_code == 125);
}

TEST_CASE("with --detach-on-interrupt Ctrl-C leaves the job and says where to find it") {
  FakeServer server([](FakeServer& self) {
    FakePeer job = self.accept();
    const auto submission = proto::read_submit(begin(job).call.parameters);
    if (!submission || !submission->detach) throw std::runtime_error("the job would end with its client");
    job.wait_for_end();
  });
  Child client(jobpool_at(server, {"apply", "--detach-on-interrupt", "--", "sleep"}));
  CHECK(client.read_line() == "runs");
  client.send_signal(SIGINT);
  const Finished finished = client.finish();
  server.finish();
  CHECK(finished.exit_code == 130);
  CHECK(finished.err.find("jobpool get 12") != std::string::npos);
}

TEST_CASE("a broker that dies under a command does not disturb it: the descriptors and the key come again") {
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    const auto before = begin(first).call.parameters.tree();
    first.close();
    FakePeer second = self.accept();
    second.greet("A");
    const Heard again = second.hear(kApply);
    if (again.call.parameters.tree() != before || again.fds.size() != 3) throw std::runtime_error("another call came");
    second.say("{\"id\":12}", true);
    second.say(job_ending(Outcome::succeeded, 0));
  });
  const Finished finished = run(jobpool_at(server, {"apply", "--", "make"}));
  server.finish();
  CHECK(finished.exit_code == 0);
  CHECK(finished.err.empty());
}

TEST_CASE("a daemon that was replaced under a command leaves it interrupted: exit 125, and not a second run") {
  FakeServer server([](FakeServer& self) {
    FakePeer first = self.accept();
    begin(first);
    first.close();
    FakePeer second = self.accept();
    second.greet("B");
    if (second.hears_more()) throw std::runtime_error("the call was sent again");
  });
  const Finished finished = run(jobpool_at(server, {"apply", "--", "make"}));
  server.finish();
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("unknown") != std::string::npos);
}

TEST_CASE("Ctrl-C ends a client that writes what its job has given, since the job is over") {
  // The bug: it was kept for the job, and nobody read it any more.
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    peer.hear(kApply);
    peer.say("{\"id\":12}", true);
    peer.say(function_ending(12, "\"" + std::string(1 << 20, 'x') + "\""));
  });
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const UniqueFd unread{ends[0]}, out{ends[1]};
  Invocation invocation = jobpool_at(server, {"apply", "@f"});
  invocation.stdout_fd = out.get();
  Child client(std::move(invocation));
  server.finish();
  pollfd readable{unread.get(), POLLIN, 0};
  REQUIRE(::poll(&readable, 1, static_cast<int>(kPatience.count())) == 1);  // it writes, more than anybody reads
  client.send_signal(SIGINT);
  CHECK(client.finish().exit_code == 128 + SIGINT);
}
