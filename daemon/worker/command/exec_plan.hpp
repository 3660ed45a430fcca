// What execve needs, made ready before the child exists: no string may be built between clone and exec. Worker process, its one thread.
#pragma once

#include <string>
#include <vector>

#include "common/job/spec.hpp"
#include "daemon/worker/attempt.hpp"

namespace jobpool::worker {

class ExecPlan {
 public:
  // Looks argv[0] up in the job's own PATH unless it has a slash; adds the JOBPOOL_… names, which win over the job's own.
  // `spec` must outlive the plan.
  ExecPlan(const CommandSpec& spec, const Attempt& attempt, const WorkerIdentity& worker);

  ExecPlan(const ExecPlan&) = delete;
  ExecPlan& operator=(const ExecPlan&) = delete;

  const std::vector<std::string>& candidates() const { return candidates_; }  // to be tried in this order; never empty
  bool is_looked_up() const { return looked_up_; }
  char* const* argv() const { return argv_.data(); }
  char* const* environment() const { return environment_.data(); }

 private:
  void make_candidates(const CommandSpec& spec);
  void make_environment(const CommandSpec& spec, const Attempt& attempt, const WorkerIdentity& worker);

  bool looked_up_ = false;
  std::vector<std::string> candidates_;
  std::vector<std::string> own_names_;
  std::vector<char*> argv_;         // into the spec; ends with null
  std::vector<char*> environment_;  // into the spec and own_names_; ends with null
};

}  // namespace jobpool::worker
