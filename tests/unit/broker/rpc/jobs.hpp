// Jobs in the states that verbs are asked about, in the house of the engine's tests. The ids are 1, 2, … in the order of submission.
#pragma once

#include <string>

#include "tests/unit/broker/engine/house.hpp"

namespace jobpool::broker {

inline const std::string kSquare = R"({"job":{"function":"square","arguments":"[7]","durable":false}})";
inline const std::string kSleep = R"({"job":{"command":["sleep","9"],"graceUSec":60000000,"durable":false}})";

inline FakeCallPtr submit(House& house, const std::string& parameters) { return house.broker->call("Pool.ApplyAsync", parameters); }

// Submitted, claimed by the first worker and known to run.
inline shm::Claim submit_running(House& house, const std::string& parameters) {
  submit(house, parameters);
  house.turn();
  auto claim = house.worker().claim();
  REQUIRE(claim);
  house.worker().report_start(*claim);
  house.turn();
  return *claim;
}

inline void submit_done(House& house, const std::string& parameters) {
  house.worker().report_end(submit_running(house, parameters));
  house.turn();
}

// How a function's run ended.
inline void report_end_as(House& house, const shm::Claim& claim, Ending ending) {
  Report report;
  report.ending = ending;
  report.ended_usec = wall_usec();
  if (ending == Ending::returned) report.result = "49";
  house.worker().report(claim, report);
}

// Nobody but the test holds it: a call that the verbs still hold would be answered, or leak, some time later.
inline bool is_let_go(const FakeCallPtr& call) { return call.use_count() == 1; }

inline nlohmann::json parsed(const std::string& text) { return nlohmann::json::parse(text); }

}  // namespace jobpool::broker
