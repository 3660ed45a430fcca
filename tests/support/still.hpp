// A job as `show` tells it, without the time that goes on while one looks.
#pragma once

#include <nlohmann/json.hpp>

namespace jobpool::testing {

inline nlohmann::json still(nlohmann::json job) {
  for (const char* field : {"readyTimeUSec", "runningTimeUSec", "waitingTimeUSec"}) job.erase(field);
  return job;
}

}  // namespace jobpool::testing
