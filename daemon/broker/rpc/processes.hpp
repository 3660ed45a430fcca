// Which job a process's name stands for: the last that was started by it. Broker process, its one thread; no clock and no socket.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/broker/core/job_core.hpp"

namespace jobpool::broker {

class Processes {
 public:
  // The last one of that name. Null: none, or it is forgotten.
  const Job* find(const JobCore& core, std::string_view name);
  // In the order of their starts.
  std::vector<const Job*> all(const JobCore& core);

  void on_accepted(const Job& job) { note(job); }
  void on_forgotten(JobId job);

 private:
  void note(const Job& job);
  void look_for_earlier(const JobCore& core);

  std::map<std::string, JobId, std::less<>> by_name_;
  std::map<JobId, std::string> names_;  // of those in by_name_
  bool knows_earlier_ = false;
};

}  // namespace jobpool::broker
