// --json: every verb prints one object a line. The real program against a daemon that does what each test says.
#include "proto/messages.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/client/visit.hpp"

using namespace jobpool;
using namespace jobpool::testing;

// Several verbs printed nothing, or bare text.
TEST_CASE("with --json verbs that have nothing to tell print an empty object") {
  CHECK(answered("org.jobpool.Job.Wait", "{}", {"wait", "--json", "3"}).out == "{}\n");
  CHECK(answered("org.jobpool.Job.Kill", "{}", {"kill", "--json", "3"}).out == "{}\n");
  CHECK(answered("org.jobpool.Pool.Reload", "{}", {"reload", "--json"}).out == "{}\n");
  CHECK(answered("org.jobpool.Process.Terminate", "{}", {"process", "terminate", "--json", "p"}).out == "{}\n");
  CHECK(answered("org.jobpool.Process.Kill", "{}", {"process", "kill", "--json", "p"}).out == "{}\n");
  CHECK(answered("org.jobpool.Process.Join", "{}", {"process", "join", "--json", "p"}).out == "{}\n");
  CHECK(answered("org.jobpool.Job.Wait", "{}", {"wait", "3"}).out.empty());
  CHECK(answered("org.jobpool.Job.Kill", "{}", {"kill", "3"}).out.empty());
}

TEST_CASE("map --async --json prints the id in an object") {
  FakeServer server([](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.greet("A");
    peer.hear("org.jobpool.Pool.Map");
    peer.say(proto::write_accepted(JobId{41}));
  });
  const Finished finished = jobpool_at(server.path(), {"map", "--async", "--json", "--", "echo", ":::", "a"});
  server.finish();
  CHECK(finished.out == "{\"id\":41}\n");
}

TEST_CASE("logs --json is a usage error that names what gives an object") {
  const Finished finished = jobpool_at("/tmp/no/such/jobpool", {"logs", "--json", "3"});
  CHECK(finished.exit_code == 2);
  CHECK(finished.err.find("get --json") != std::string::npos);
}
