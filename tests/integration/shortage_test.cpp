// The broker is short of descriptors. See also durable_test.cpp, of the store.
#include <signal.h>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/no_more_fds.hpp"
#include "tests/support/occupy.hpp"
#include "tests/support/processes.hpp"

using namespace jobpool::testing;

TEST_CASE("a broker that is short of descriptors when a worker comes stays, and so do the jobs that it has accepted") {
  // The bug: the kernel cut off the new worker's descriptors, the broker took that for a broken supervisor, and left: without an error, and
  // with all jobs that were not durable.
  Daemon daemon({.workers = 1});
  const Gate gate(daemon.file("gate"));
  occupy(daemon, gate);
  VarlinkClient client = daemon.connect();
  const json job = {{"function", "square"}, {"arguments", "[7]"}, {"durable", false}};
  const json accepted = client.call("org.jobpool.Pool.ApplyAsync", {{"job", job}});
  const pid_t broker = client.call("org.jobpool.Pool.Hello")["brokerPid"];
  const auto restarts = [&] { return client.call("org.jobpool.Pool.Status")["workerRestarts"].get<int>(); };
  // Nobody else is about to leave: then no number becomes free that the new worker's would get.
  REQUIRE(wait_until([&] { return client.call("org.jobpool.Pool.Status")["connections"] == 1; }));
  {
    const NoMoreFds limit(0, broker);
    REQUIRE(signal_child(daemon.worker_pids().at(0), daemon.pid(), SIGKILL));
    REQUIRE(wait_until([&] { return restarts() >= 2; }));  // the second is one that came meanwhile
  }
  CHECK(daemon.log().find("no descriptors are left for its own") != std::string::npos);
  const json ending = client.call("org.jobpool.Job.Get", accepted)["ending"];
  CHECK(ending["outcome"] == "succeeded");
  CHECK(ending["result"] == "49");
  CHECK(client.call("org.jobpool.Pool.Hello")["brokerPid"] == broker);
}
