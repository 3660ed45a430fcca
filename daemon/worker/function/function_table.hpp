// The functions this worker can run, by name. Filled at start, then only read. Worker process, any of its threads.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "daemon/worker/include/jobpool_task.h"

namespace jobpool::worker {

struct Function {
  enum class Origin {
    built_in,  // trusted to answer JSON and to leave the process as it found it
    plugin,
  };
  void (*run)(const jobpool_call* call, void* data);
  void* data;
  Origin origin;
  std::string source;  // "built in", or the plugin's path
};

class FunctionTable {
 public:
  enum class Added { yes, duplicate, bad_name };
  // The first of a name stays.
  Added add(const jobpool_task& task, Function::Origin origin, const std::string& source);

  // nullptr: there is none. Valid as long as the table.
  const Function* find(std::string_view name) const;

  // For people, sorted: "echo, fail, noop, …".
  std::string names() const;

 private:
  std::map<std::string, Function, std::less<>> functions_;
};

}  // namespace jobpool::worker
