// What a submission inherits, and to which daemons that is told.
#include "client/lib/inherited.hpp"

#include "client/lib/submission.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/client/fake_server.hpp"

using namespace jobpool;
using namespace jobpool::client;
using namespace jobpool::testing;

namespace {

proto::Submission inheriting() {
  proto::Submission job;
  job.command = {"make"};
  job.environment = {"SHLVL=1"};
  job.inherited = 1;
  job.key = "nightly";
  return job;
}

std::size_t told_to_daemon(const std::vector<std::string>& understands) {
  FakeServer server([&](FakeServer& self) {
    FakePeer peer = self.accept();
    peer.hear("org.jobpool.Pool.Hello");
    peer.say(proto::write_hello({"0.0", "A", 1, 2, 1, understands}));
  });
  Connections connections({server.path()});
  proto::Submission job = inheriting();
  REQUIRE(settle_inherited(connections, job, kNever));
  server.finish();
  return job.inherited;
}

}  // namespace

TEST_CASE("what is inherited is told to a daemon that says it understands that, and to no other") {
  CHECK(told_to_daemon({"later", "inherited"}) == 1);
  CHECK(told_to_daemon({"later"}) == 0);
  CHECK(told_to_daemon({}) == 0);  // as those say nothing that are older
}

TEST_CASE("where nothing is inherited nobody is asked") {
  Connections nobody({"/tmp/no/such/jobpool"});
  proto::Submission none = inheriting();
  none.inherited = 0;
  CHECK(settle_inherited(nobody, none, kNever));
  proto::Submission job = inheriting();
  CHECK(settle_inherited(nobody, job, kNever).error().code == Errc::closed);
}

TEST_CASE("a command of the library inherits its caller's environment under a key that the caller chose") {
  SubmitOptions options;
  options.key = "nightly";
  Command command;
  command.argv = {"make"};
  auto job = [&] {
    CommandCall call = *command_submission("default", command);
    apply_options(options, call.job);
    return call.job;
  };
  CHECK(job().inherited == current_environment().size());
  options.key.clear();
  CHECK(job().inherited == 0);
  options.key = "nightly";
  command.environment = {"A=b"};
  CHECK(job().inherited == 0);
}
