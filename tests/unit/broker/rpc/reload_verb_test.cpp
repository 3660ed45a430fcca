// Reload: answered at once, or, for who waits, when it is refused.
#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

TEST_CASE("who waits for a reload is told when it is refused, and not before") {
  House house(0);
  const auto waits = house.broker->call("Pool.Reload", R"({"wait":true})"), gone = house.broker->call("Pool.Reload", R"({"wait":true})");
  const auto begins = house.broker->call("Pool.Reload", "{}");
  CHECK(begins->answers == 1);
  CHECK(waits->answers == 0);
  gone->hang_up();
  house.broker->verbs.on_reload_refused();
  CHECK(waits->answers == 1);
  CHECK(waits->error_name == "org.jobpool.Pool.ReloadRefused");
  CHECK(gone->answers == 0);
  house.broker->verbs.on_reload_refused();
  CHECK(waits->answers == 1);
}
