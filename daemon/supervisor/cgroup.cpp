// Finding, taking, leaving; by the files of cgroupfs.
#include "daemon/supervisor/cgroup.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <sstream>
#include <utility>

#include "common/cgroup.hpp"
#include "common/clock.hpp"
#include "common/log.hpp"
#include "daemon/supervisor/files.hpp"

namespace jobpool::supervisor {
namespace {

constexpr const char* kDaemonLeaf = "daemon";
constexpr const char* kJobs = "jobs";
constexpr mode_t kCgroupMode = 0755;
constexpr std::size_t kMaxProcBytes = 1024 * 1024;
constexpr std::chrono::seconds kCgroupPatience{5};  // what is killed dies in microseconds, or hangs in the kernel

Error no_cgroup(const std::string& why) { return Error{Errc::unsupported, why}; }

UniqueFd open_directory(int parent, const std::string& name) {
  return UniqueFd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

Result<UniqueFd> make_directory_in(int parent, const std::string& name) {
  if (::mkdirat(parent, name.c_str(), kCgroupMode) != 0 && errno != EEXIST) return errno_error("making cgroup " + name);
  UniqueFd directory = open_directory(parent, name);
  if (!directory) return errno_error("cgroup " + name);
  return directory;
}

Result<void> enter(int directory) {
  const UniqueFd procs(::openat(directory, "cgroup.procs", O_WRONLY | O_CLOEXEC));
  if (!procs || ::write(procs.get(), "0", 1) != 1) return errno_error("entering the cgroup");
  return {};
}

bool is_populated(int directory) {
  const auto events = read_file_at(directory, "cgroup.events", kMaxProcBytes);
  return !events || events->find("populated 1") != std::string::npos;
}

// Errors: unsupported. Below it only we may be: what is in it and in nothing below is in cgroup.procs.
Result<void> require_for_itself(int directory, const std::string& base) {
  // Not cgroup.kill: whoever delegates keeps that of the top for himself, and what we make below is ours. (The root has none.)
  if (::faccessat(directory, "cgroup.kill", F_OK, 0) != 0) return no_cgroup(base + " is the root, or the kernel older than 5.14");
  for (const char* file : {"cgroup.procs", "cgroup.subtree_control", "."})
    if (::faccessat(directory, file, W_OK, 0) != 0) return no_cgroup(base + " is not delegated (" + errno_error(file).text + ")");
  const auto type = read_file_at(directory, "cgroup.type", kMaxProcBytes);
  if (!type || *type != "domain\n") return no_cgroup(base + " is no ordinary cgroup");
  const auto processes = read_file_at(directory, "cgroup.procs", kMaxProcBytes);
  if (!processes) return no_cgroup(base + ": " + processes.error().text);
  if (*processes != std::to_string(::getpid()) + "\n") return no_cgroup(base + " has other processes in it");
  for (const char* below : {kDaemonLeaf, kJobs}) {
    const UniqueFd known = open_directory(directory, below);
    if (known && is_populated(known.get())) return no_cgroup(base + "/" + below + " is another daemon's");
  }
  return {};
}

Result<std::string> find_base() {
  const auto cgroup = read_file_at(AT_FDCWD, "/proc/self/cgroup", kMaxProcBytes);
  const auto mounts = read_file_at(AT_FDCWD, "/proc/self/mountinfo", kMaxProcBytes);
  if (!cgroup || !mounts) return no_cgroup("/proc does not tell");
  const auto path = unified_path(*cgroup);
  if (!path) return no_cgroup("the kernel has no cgroup v2");
  auto directory = unified_directory(*mounts, *path);
  if (!directory) return no_cgroup("cgroup " + *path + " is not to be seen in the file system");
  return *directory;
}

}  // namespace

std::optional<std::string> unified_path(std::string_view cgroup_file) {
  std::istringstream lines{std::string(cgroup_file)};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("0::/")) return line.substr(3);
  return std::nullopt;
}

// "<id> <parent> <device> <root> <mount point> <options> [<tag>…] - <type> <source> <options>"
std::optional<std::string> unified_directory(const std::string& mountinfo, const std::string& path) {
  if (path.starts_with("/..")) return std::nullopt;  // outside of this cgroup namespace
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream words(line);
    std::string skipped, root, point;
    words >> skipped >> skipped >> skipped >> root >> point;
    if (!words || point.find('\\') != std::string::npos) continue;  // an escaped blank: nobody mounts it there
    if (root == "/") return path == "/" ? point : point + path;
    if (path == root) return point;
    if (path.starts_with(root + "/")) return point + path.substr(root.size());
  }
  return std::nullopt;
}

Cgroup::Cgroup(std::string base, UniqueFd base_directory, UniqueFd jobs, std::string instance)
    : base_(std::move(base)), base_directory_(std::move(base_directory)), jobs_(std::move(jobs)), instance_(std::move(instance)) {}

Result<Cgroup> Cgroup::take(const std::string& instance) {
  auto base = find_base();
  if (!base) return base.error();
  const UniqueFd directory = open_directory(AT_FDCWD, *base);
  if (!directory) return no_cgroup(errno_error(*base).text);
  if (auto own = require_for_itself(directory.get(), *base); !own) return own.error();
  remove_cgroup(directory.get(), kJobs);  // of an instance that was killed: nothing is in it any more
  auto leaf = make_directory_in(directory.get(), kDaemonLeaf);
  if (!leaf) return leaf.error();
  if (auto entered = enter(leaf->get()); !entered) {
    remove_cgroup(directory.get(), kDaemonLeaf);
    return entered.error();
  }
  auto taken = take_over(*base, instance);
  if (!taken) (void)enter(directory.get());
  return taken;
}

Result<Cgroup> Cgroup::take_over(std::string base, const std::string& instance) {
  UniqueFd directory = open_directory(AT_FDCWD, base);
  if (!directory) return errno_error("cgroup " + base);
  auto jobs = make_directory_in(directory.get(), kJobs);
  if (!jobs) return jobs.error();
  auto own = make_directory_in(jobs->get(), instance);
  if (!own) return own.error();
  return Cgroup(std::move(base), std::move(directory), std::move(*own), instance);
}

Result<std::string> Cgroup::make_for(Incarnation worker) {
  const std::string name = std::to_string(worker.value);
  if (auto made = make_directory_in(jobs_.get(), name); !made) return made.error();
  return base_ + "/" + kJobs + "/" + instance_ + "/" + name;
}

void Cgroup::kill(Incarnation worker) {
  const UniqueFd directory = open_directory(jobs_.get(), std::to_string(worker.value));
  if (!directory) return;
  if (auto killed = kill_cgroup(directory.get()); !killed)
    log::warn("jobs of worker incarnation {}: {}", worker.value, killed.error().text);
}

void Cgroup::remove(Incarnation worker) {
  if (!remove_cgroup(jobs_.get(), std::to_string(worker.value)))
    log::debug("{}; it goes at the end", errno_error("cgroup of worker incarnation " + std::to_string(worker.value)).text);
}

void Cgroup::kill_all() {
  if (auto killed = kill_cgroup(jobs_.get()); !killed) log::warn("jobs: {}", killed.error().text);
}

void Cgroup::leave() {
  const auto back = enter(base_directory_.get());
  const bool removed = remove_cgroup(base_directory_.get(), kJobs) && remove_cgroup(base_directory_.get(), kDaemonLeaf);
  if (!back || !removed) log::debug("cgroup {} stays as it is", base_);
}

Result<void> end_cgroup_of(const std::string& base, const std::string& instance) {
  const UniqueFd directory = open_directory(AT_FDCWD, base);
  struct statfs kind {};
  // The path is from a file: something else may be there by now.
  if (!directory || ::fstatfs(directory.get(), &kind) != 0 || kind.f_type != CGROUP2_SUPER_MAGIC) return {};
  const UniqueFd all = open_directory(directory.get(), kJobs);
  const UniqueFd jobs = all ? open_directory(all.get(), instance) : UniqueFd{};
  if (!jobs) return {};
  if (auto killed = kill_cgroup(jobs.get()); !killed) return killed;
  const UniqueFd events(::openat(jobs.get(), "cgroup.events", O_RDONLY | O_CLOEXEC));
  const TimePoint deadline = Clock::now() + kCgroupPatience;
  while (is_populated(jobs.get())) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Error{Errc::timed_out, "an earlier instance left something in cgroup " + base + ", which does not die"};
    pollfd changed{events.get(), POLLPRI, 0};
    ::poll(&changed, 1, static_cast<int>(std::min<long>(left, 100)));  // it tells of changes since it was read; this also of those before
  }
  remove_cgroup(all.get(), instance);
  return {};
}

}  // namespace jobpool::supervisor
