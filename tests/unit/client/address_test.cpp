// The search order of the socket.
#include "client/lib/address.hpp"

#include "tests/support/catch.hpp"

using namespace jobpool::client;

using Paths = std::vector<std::string>;

TEST_CASE("what --socket says is the only place that is looked at") {
  const Surroundings around{"/env/socket", "/run/user/7", "ann", "/home/ann/.local/state"};
  const SocketPlan plan = plan_socket("/given/socket", around);
  CHECK(plan.candidates == Paths{"/given/socket"});
  CHECK(plan.start_at == "/given/socket");
  CHECK(plan.is_explicit);
}

TEST_CASE("$JOBPOOL_SOCKET comes second, and alone too") {
  const SocketPlan plan = plan_socket("", Surroundings{"/env/socket", "/run/user/7", "ann", "/home/ann/.local/state"});
  CHECK(plan.candidates == Paths{"/env/socket"});
  CHECK(plan.is_explicit);
}

TEST_CASE("the runtime directory comes before the system instance, and is where a private daemon is started") {
  const SocketPlan plan = plan_socket("", Surroundings{"", "/run/user/7", "ann", "/home/ann/.local/state"});
  CHECK(plan.candidates == Paths{"/run/user/7/jobpool/socket", "/run/jobpool/ann/socket"});
  CHECK(plan.start_at == "/run/user/7/jobpool/socket");
  CHECK_FALSE(plan.is_explicit);
}

TEST_CASE("without a runtime directory the state home takes its place, last") {
  const SocketPlan plan = plan_socket("", Surroundings{"", "", "ann", "/home/ann/.local/state"});
  CHECK(plan.candidates == Paths{"/run/jobpool/ann/socket", "/home/ann/.local/state/jobpool/socket"});
  CHECK(plan.start_at == "/home/ann/.local/state/jobpool/socket");
}

TEST_CASE("a user's name cannot lead out of /run/jobpool") {
  for (const char* name : {"../evil", "a/b", "..", "."}) {
    INFO(name);
    CHECK(plan_socket("", Surroundings{"", "/run/user/7", name, ""}).candidates == Paths{"/run/user/7/jobpool/socket"});
  }
}

TEST_CASE("with nothing to go by there is no place") {
  const SocketPlan plan = plan_socket("", Surroundings{});
  CHECK(plan.candidates.empty());
  CHECK(plan.start_at.empty());
}
