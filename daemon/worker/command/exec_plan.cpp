// Making argv, environment and the paths to try; see the header.
#include "daemon/worker/command/exec_plan.hpp"

#include <algorithm>
#include <string_view>

namespace jobpool::worker {
namespace {

constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";  // when the job has no PATH at all

std::string_view name_of(std::string_view line) { return line.substr(0, line.find('=')); }

std::string_view path_of(const CommandSpec& spec) {
  constexpr std::string_view kPrefix = "PATH=";
  for (const std::string_view line : spec.environment)
    if (line.starts_with(kPrefix)) return line.substr(kPrefix.size());
  return kDefaultPath;
}

// execve takes char* for history's sake and does not write through it.
char* as_argument(const std::string& text) { return const_cast<char*>(text.c_str()); }

}  // namespace

ExecPlan::ExecPlan(const CommandSpec& spec, const Attempt& attempt, const WorkerIdentity& worker) {
  make_candidates(spec);
  argv_.reserve(spec.argv.size() + 1);
  for (const std::string& word : spec.argv) argv_.push_back(as_argument(word));
  argv_.push_back(nullptr);
  make_environment(spec, attempt, worker);
}

void ExecPlan::make_candidates(const CommandSpec& spec) {
  const std::string& name = spec.argv.front();
  looked_up_ = !name.empty() && name.find('/') == std::string::npos;
  if (!looked_up_) {
    candidates_.push_back(name);
    return;
  }
  std::string_view rest = path_of(spec);
  for (;;) {
    const std::size_t end = rest.find(':');
    const std::string_view folder = rest.substr(0, end);
    // An empty element means the working directory: the child is there by then.
    candidates_.push_back(folder.empty() ? "./" + name : std::string(folder) + "/" + name);
    if (end == std::string_view::npos) return;
    rest.remove_prefix(end + 1);
  }
}

void ExecPlan::make_environment(const CommandSpec& spec, const Attempt& attempt, const WorkerIdentity& worker) {
  own_names_ = {
      "JOBPOOL_JOB_ID=" + std::to_string(attempt.job.value),
      "JOBPOOL_POOL=" + spec.pool,
      "JOBPOOL_WORKER=" + std::to_string(worker.number.value),
      "JOBPOOL_ATTEMPT=" + std::to_string(attempt.number),
      "JOBPOOL_SOCKET=" + worker.socket,
      "JOBPOOL_INSTANCE=" + worker.instance,
  };
  const auto is_ours = [&](const std::string& line) {
    return line.starts_with("JOBPOOL_") &&
           std::any_of(own_names_.begin(), own_names_.end(), [&](const std::string& own) { return name_of(own) == name_of(line); });
  };
  environment_.reserve(spec.environment.size() + own_names_.size() + 1);
  for (const std::string& line : spec.environment)
    if (!is_ours(line)) environment_.push_back(as_argument(line));
  for (const std::string& line : own_names_) environment_.push_back(as_argument(line));
  environment_.push_back(nullptr);
}

}  // namespace jobpool::worker
