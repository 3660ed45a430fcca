// Descriptors, processes, cgroups, memory. See checks.hpp.
#include <unistd.h>

#include <charconv>
#include <optional>

#include "client/cli/doctor/checks.hpp"

namespace jobpool::cli::doctor {
namespace {

// Of the supervisor seven for each worker, of the broker one for each of the 4,096 connections that a user may have; and their own, with
// the sixteenth that the broker keeps free of connections.
constexpr std::uint64_t kConnections = 4'096, kDescriptorsOfWorker = 8, kOwnDescriptors = 384;
// A worker, its job, and what the job starts.
constexpr std::uint64_t kProcessesOfWorker = 4, kOwnProcesses = 16;
// A segment's pages that are in use, and the process.
constexpr std::uint64_t kBytesOfWorker = 8 * 1024 * 1024;

std::optional<std::uint64_t> number_at(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return std::nullopt;
  text.remove_prefix(begin);
  std::uint64_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{}) return std::nullopt;
  return number;
}

// /proc/PID/limits: the name, then the soft and the hard limit. nullopt: not there. UINT64_MAX: unlimited.
std::optional<std::uint64_t> hard_limit(std::string_view limits, std::string_view name) {
  const std::size_t at = limits.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view line = limits.substr(at + name.size());
  line = line.substr(0, line.find('\n'));
  const std::size_t soft = line.find_first_not_of(' ');
  const std::size_t gap = soft == std::string_view::npos ? soft : line.find(' ', soft);
  if (gap == std::string_view::npos) return std::nullopt;
  const std::string_view hard = line.substr(line.find_first_not_of(' ', gap));
  return hard.starts_with("unlimited") ? UINT64_MAX : number_at(hard);
}

// Of cgroup v2: "0::/user.slice/…"; empty: there is none.
std::string cgroup_directory(std::string_view cgroup, const std::string& cgroups) {
  const std::size_t at = cgroup.starts_with("0::") ? 0 : cgroup.find("\n0::");
  if (at == std::string_view::npos) return {};
  std::string_view path = cgroup.substr(at + (at == 0 ? 3 : 4));
  path = path.substr(0, path.find('\n'));
  return cgroups + (path == "/" ? std::string{} : std::string{path});
}

}  // namespace

Finding check_open_files(const ProcessFacts& supervisor, unsigned workers) {
  constexpr const char* kCheck = "open files";
  const auto limit = hard_limit(supervisor.limits, "Max open files");
  if (!limit) return note(kCheck, "the daemon's limit cannot be read");
  const std::uint64_t needed = kConnections + kDescriptorsOfWorker * workers + kOwnDescriptors;
  const std::string text = *limit == UINT64_MAX ? "no limit" : "at most " + std::to_string(*limit);
  if (*limit >= needed) return good(kCheck, text);
  return problem(kCheck,
                 text + "; " + std::to_string(workers) + " workers and " + std::to_string(kConnections) + " connections want " +
                     std::to_string(needed),
                 "LimitNOFILE=" + std::to_string(needed) + " in its unit, or ulimit -Hn before it is started; then start it anew");
}

Finding check_processes(const ProcessFacts& supervisor, unsigned workers, const std::string& cgroups) {
  constexpr const char* kCheck = "processes";
  const std::uint64_t needed = kProcessesOfWorker * workers + kOwnProcesses;
  std::uint64_t limit = hard_limit(supervisor.limits, "Max processes").value_or(UINT64_MAX);
  std::string source = "RLIMIT_NPROC", remedy = "LimitNPROC=infinity in its unit";
  for (std::string directory = cgroup_directory(supervisor.cgroup, cgroups); directory.size() > cgroups.size();
       directory.resize(directory.rfind('/'))) {
    const auto tasks = number_at(text_of_file(directory + "/pids.max"));  // "max" is no number
    if (!tasks || *tasks >= limit) continue;
    limit = *tasks;
    source = directory + "/pids.max";
    remedy = "TasksMax=infinity in the unit of that cgroup";
  }
  if (limit == UINT64_MAX) return good(kCheck, "no limit");
  const std::string text = source + " allows " + std::to_string(limit);
  if (limit >= needed) return good(kCheck, text);
  return problem(kCheck, text + "; " + std::to_string(workers) + " workers and their jobs want " + std::to_string(needed), remedy);
}

// The supervisor that has a cgroup to itself is in its leaf, beside its jobs' (daemon/supervisor/cgroup.hpp).
Finding tell_of_process_trees(const ProcessFacts& supervisor, const std::string& cgroups) {
  constexpr const char* kCheck = "process trees";
  constexpr std::string_view kLeaf = "/daemon";
  for (const std::string& root : {cgroups, cgroups + "/unified"}) {
    std::string directory = cgroup_directory(supervisor.cgroup, root);
    if (!directory.ends_with(kLeaf)) continue;
    directory.replace(directory.size() - kLeaf.size(), kLeaf.size(), "/jobs");
    if (::access(directory.c_str(), F_OK) == 0)
      return good(kCheck, "each command has a cgroup of its own, in " + directory + ", which the kernel kills whole");
  }
  return note(kCheck,
              "followed without cgroups, as the daemon has none to itself (Delegate=yes of a unit): each command begins a session of its "
              "own, and its worker, a child subreaper, signals and kills whatever descends from it");
}

Finding check_memory(std::string_view meminfo, unsigned workers) {
  constexpr const char* kCheck = "memory";
  constexpr std::string_view kAvailable = "MemAvailable:";
  const std::size_t at = meminfo.find(kAvailable);
  const auto kibibytes = at == std::string_view::npos ? std::nullopt : number_at(meminfo.substr(at + kAvailable.size()));
  if (!kibibytes) return note(kCheck, "the kernel does not say how much is available");
  const std::uint64_t needed = kBytesOfWorker * workers;
  const std::string text = std::to_string(*kibibytes / 1'024) + " MiB available";
  if (*kibibytes * 1'024 >= needed) return good(kCheck, text);
  return problem(
      kCheck,
      text + "; shared memory and processes of " + std::to_string(workers) + " workers may take " + std::to_string(needed >> 20) + " MiB",
      "fewer workers: jobpool pool resize default N, and `workers` in the configuration");
}

}  // namespace jobpool::cli::doctor
