// What is done about a broker whose loop may stand still.
#include "daemon/supervisor/checkup.hpp"

#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::supervisor;
using namespace std::chrono_literals;
using Finding = Checkup::Finding;

TEST_CASE("a broker is asked, has its time to answer, and is ended once") {
  // The bug: the round that ended it did not feed systemd's watchdog, which was due just then and ends all jobs.
  Checkup checkup;
  TimePoint now{1h};
  CHECK(checkup.look(now, 20s) == Finding::to_be_asked);
  CHECK(checkup.look(now += 10s, 20s) == Finding::awaited);
  CHECK(checkup.look(now += 10s, 20s) == Finding::silent);
  CHECK(checkup.look(now += 10s, 20s) == Finding::beyond_help);
  checkup.forget();
  CHECK(checkup.look(now += 10s, 20s) == Finding::to_be_asked);
  checkup.forget();
  CHECK(checkup.look(now += 30s, 20s) == Finding::to_be_asked);
  CHECK(checkup.look(now += 30s, 20s) == Finding::silent);
}
