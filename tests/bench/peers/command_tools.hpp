// What runs many commands from a shell, two at a time: xargs, GNU parallel, task-spooler, nq. Each in the folder it is given, with a server
// of its own where it has one.
#pragma once

#include <string>
#include <vector>

namespace jobpool::bench {

class CommandTool {
 public:
  // Runs /bin/true so many times, two at a time, and returns when the last has ended.
  using Run = void (*)(const std::string& folder, long times);

  std::string name;
  Run run;

  // Those that are installed; of the others a note is printed.
  static std::vector<CommandTool> all_installed();
};

// A task-spooler server with two slots of the bench's own, found by all `tsp` that the bench starts from then on.
class TaskSpooler {
 public:
  explicit TaskSpooler(const std::string& folder);
  ~TaskSpooler();
  TaskSpooler(const TaskSpooler&) = delete;
  TaskSpooler& operator=(const TaskSpooler&) = delete;

  static bool is_installed();
  // Of its server.
  int pid() const;
};

// Runs it to its end; gives up when it fails.
void run_to_end(const std::vector<std::string>& argv, const std::string& input = "/dev/null", const std::string& output = "/dev/null");

}  // namespace jobpool::bench
