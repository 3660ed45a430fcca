// A daemon's only worker kept busy, so that what a test submits then stays in the queue.
#pragma once

#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/gate.hpp"

namespace jobpool::testing {

// Nothing is offered behind what runs while jobs are slow. (Of an offer, a daemon that died cannot say that it had not started.)
inline void make_jobs_slow(const Daemon& daemon) { REQUIRE(daemon.run({"apply", "@sleep", "0.2"}).exit_code == 0); }

// Until the gate opens. Returns the id of the job that waits there.
inline std::string occupy(const Daemon& daemon, const Gate& gate) {
  make_jobs_slow(daemon);
  const std::string id = daemon.submit({"--", "sh", "-c", gate.wait()});
  REQUIRE(wait_until([&] { return daemon.job(id)["state"] == "running"; }));
  return id;
}

}  // namespace jobpool::testing
