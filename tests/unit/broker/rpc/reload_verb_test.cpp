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
  house.broker->verbs.on_reload_refused(3);
  CHECK(waits->answers == 1);
  CHECK(waits->error_name == "org.jobpool.Pool.ReloadRefused");
  CHECK(gone->answers == 0);
  house.broker->verbs.on_reload_refused(3);
  CHECK(waits->answers == 1);
}

// A second caller was refused with the first one's trial, though its own had not begun.
TEST_CASE("who waits for a reload is told of its own, not of one before it, nor of a SIGHUP's") {
  House house(0);
  const auto first = house.broker->call("Pool.Reload", R"({"wait":true})"), second = house.broker->call("Pool.Reload", R"({"wait":true})");
  house.broker->verbs.on_reload_refused(0);
  CHECK(first->answers == 0);
  house.broker->verbs.on_reload_refused(1);
  CHECK(first->error_name == "org.jobpool.Pool.ReloadRefused");
  CHECK(second->answers == 0);
  house.broker->verbs.on_reload_refused(2);
  CHECK(second->error_name == "org.jobpool.Pool.ReloadRefused");
}
