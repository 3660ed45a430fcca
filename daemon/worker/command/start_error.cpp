// Words for failed starts; see the header.
#include "daemon/worker/command/start_error.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace jobpool::worker {
namespace {

constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

std::string in_directory(const CommandSpec& spec, const std::string& path) {
  if (path.starts_with('/')) return path;
  return (spec.cwd.empty() ? "/" : spec.cwd + "/") + path;
}

bool is_there(const CommandSpec& spec, const std::string& path) {
  struct stat status {};
  return ::stat(in_directory(spec, path).c_str(), &status) == 0;
}

StartError explain_absence(const CommandSpec& spec, const ExecPlan& plan) {
  const std::string& name = spec.argv.front();
  const auto found = std::find_if(plan.candidates().begin(), plan.candidates().end(),
                                  [&](const std::string& path) { return !path.empty() && is_there(spec, path); });
  // The kernel says "no such file" of a script's missing interpreter too; the file itself being there tells the two apart.
  if (found != plan.candidates().end())
    return {kNotExecutable, "command '" + *found + "' is not executable: its interpreter (#! line or loader) does not exist"};
  return {kNotFound, "command '" + name + "' not found" + (plan.is_looked_up() ? " in the job's PATH" : "")};
}

StartError explain_exec(int number, const CommandSpec& spec, const ExecPlan& plan) {
  if (number == ENOENT) return explain_absence(spec, plan);
  std::string reason = "command '" + spec.argv.front() + "' is not executable: " + std::strerror(number);
  if (number == ENOEXEC) reason += "; a script needs a first line such as #!/bin/sh, or give it to its interpreter: sh SCRIPT";
  return {kNotExecutable, reason};
}

}  // namespace

StartError explain(const SpawnFailure& failure, const CommandSpec& spec, const ExecPlan& plan) {
  const std::string why = std::string(": ") + std::strerror(failure.number);
  switch (failure.step) {
    case SpawnStep::exec:
      return explain_exec(failure.number, spec, plan);
    case SpawnStep::directory:
      return {kOwnFailure, "working directory '" + (spec.cwd.empty() ? "/" : spec.cwd) + "'" + why};
    case SpawnStep::limit:
      return {kOwnFailure, "the file size limit of " + std::to_string(spec.file_limit) + " bytes cannot be set" + why};
    case SpawnStep::memory:
      return {kOwnFailure, "the memory limit of " + std::to_string(spec.memory_bytes) + " bytes cannot be set" + why};
    case SpawnStep::nice:
      return {kOwnFailure, "nice " + std::to_string(spec.nice.value_or(0)) + " cannot be set" + why +
                               "; below the daemon's own it needs CAP_SYS_NICE, or LimitNICE= of its unit"};
    case SpawnStep::cgroup:
      return {kOwnFailure, "the job's cgroup cannot be entered" + why};
    case SpawnStep::clone:
      return {kOwnFailure, "no process could be made" + why + (failure.number == EAGAIN ? "; see ulimit -u and the unit's TasksMax=" : "")};
    case SpawnStep::streams:
      return {kOwnFailure, "stdin, stdout or stderr could not be put in place" + why};
    case SpawnStep::session:
    case SpawnStep::orphaned:
    case SpawnStep::none:
      break;
  }
  return {kOwnFailure, "the worker could not start the command" + why};
}

}  // namespace jobpool::worker
