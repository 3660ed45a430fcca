// Whether a thread has come to rest: to be waited for (wait_until.hpp) before what is to wake it.
#pragma once

#include <sys/types.h>

#include <fstream>
#include <iterator>
#include <string>

namespace jobpool::testing {

// Of this process. In the kernel, for whatever: state S. False: it runs, or is no more.
inline bool is_asleep(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  const std::string stat((std::istreambuf_iterator<char>(file)), {});
  const std::size_t name_end = stat.rfind(')');  // the name itself may hold parentheses
  return name_end != std::string::npos && stat.compare(name_end + 1, 2, " S") == 0;
}

}  // namespace jobpool::testing
