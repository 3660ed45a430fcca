// Defaults: where socket, state and programs are when nobody says so.
#include "daemon/supervisor/settings.hpp"

#include <pwd.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "daemon/supervisor/access_group.hpp"

namespace jobpool::supervisor {
namespace {

namespace fs = std::filesystem;

// An empty variable counts as unset, as the XDG specification has it.
std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::string absolute(const std::string& path) {
  std::error_code ignored;  // only an unreadable working directory; the path is then used as it is
  const fs::path full = fs::absolute(path, ignored);
  return full.empty() ? path : full.lexically_normal().string();
}

const passwd* account() { return ::getpwuid(::geteuid()); }

std::optional<std::string> default_state_dir() {
  // systemd may list several, separated by colons; the first one is ours.
  if (auto given = environment("STATE_DIRECTORY")) return given->substr(0, given->find(':'));
  if (auto home = environment("XDG_STATE_HOME")) return *home + "/jobpool";
  if (auto home = environment("HOME")) return *home + "/.local/state/jobpool";
  if (const passwd* entry = account(); entry != nullptr) return std::string(entry->pw_dir) + "/.local/state/jobpool";
  return std::nullopt;
}

std::string default_socket(const std::string& state_dir) {
  if (auto given = environment("JOBPOOL_SOCKET")) return *given;
  if (auto runtime = environment("XDG_RUNTIME_DIR")) return *runtime + "/jobpool/socket";
  if (const passwd* entry = account(); entry != nullptr) {
    const std::string shared = std::string("/run/jobpool/") + entry->pw_name;
    if (::access(shared.c_str(), W_OK | X_OK) == 0) return shared + "/socket";
  }
  return state_dir + "/socket";
}

std::uint32_t default_workers() {
  cpu_set_t cpus;
  if (::sched_getaffinity(0, sizeof cpus, &cpus) != 0) return 1;
  return static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&cpus)));
}

bool has_programs(const fs::path& folder) { return ::access((folder / "jobpool-broker").c_str(), X_OK) == 0; }

Result<std::string> find_programs() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) return Error{Errc::io, "/proc/self/exe: " + error.message()};
  const fs::path home = self.parent_path();
  for (const fs::path& folder : std::array{home, (home / "../libexec/jobpool").lexically_normal()}) {
    if (has_programs(folder)) return folder.string();
  }
  return Error{Errc::not_found, "jobpool-broker is neither in " + home.string() + " nor in ../libexec/jobpool: install it there"};
}

template <class T>
T pick(const std::optional<T>& over, const std::optional<T>& under, T fallback) {
  if (over) return *over;
  return under ? *under : std::move(fallback);
}

Limits pick_limits(const Limits& over, const Limits& under) {
  const auto first = [](const auto& one, const auto& other) { return one ? one : other; };
  return {.queue = first(over.queue, under.queue),
          .queue_per_user = first(over.queue_per_user, under.queue_per_user),
          .kept_count = first(over.kept_count, under.kept_count),
          .kept_for = first(over.kept_for, under.kept_for),
          .output = first(over.output, under.output)};
}

}  // namespace

Wishes layered(const Wishes& over, const Wishes& under) {
  const auto first = [](const auto& one, const auto& other) { return one ? one : other; };
  return {.socket = first(over.socket, under.socket),
          .state_dir = first(over.state_dir, under.state_dir),
          .workers = first(over.workers, under.workers),
          .spare_workers = first(over.spare_workers, under.spare_workers),
          .plugin_dirs = first(over.plugin_dirs, under.plugin_dirs),
          .log_level = first(over.log_level, under.log_level),
          .drain_time = first(over.drain_time, under.drain_time),
          .limits = pick_limits(over.limits, under.limits),
          .access_group = first(over.access_group, under.access_group)};
}

std::optional<std::string> find_config(const std::optional<std::string>& given) {
  if (given) return given;
  if (auto named = environment("JOBPOOLD_CONFIG")) {
    const bool may_be_missing = named->starts_with('-');
    if (may_be_missing) named->erase(0, 1);
    if (may_be_missing && ::access(named->c_str(), F_OK) != 0 && errno == ENOENT) return std::nullopt;
    return named;
  }
  std::optional<std::string> own;
  if (auto home = environment("XDG_CONFIG_HOME"))
    own = *home;
  else if (auto account_home = environment("HOME"))
    own = *account_home + "/.config";
  if (!own || !own->starts_with('/')) return std::nullopt;
  *own += "/jobpool/jobpool.toml";
  if (::access(own->c_str(), F_OK) != 0) return std::nullopt;
  return own;
}

Result<Settings> settle(const Wishes& over, const Wishes& under, const std::optional<std::string>& program_dir) {
  for (const auto& [option, path] : {std::pair{"--socket", &over.socket}, std::pair{"--state-dir", &over.state_dir}})
    if (*path && (*path)->empty()) return Error{Errc::invalid_argument, std::string(option) + ": its value is empty"};
  Settings settings;
  const auto state_dir = default_state_dir();
  if (!over.state_dir && !under.state_dir && !state_dir) {
    return Error{Errc::not_found, "state directory: there is no $HOME; say --state-dir DIR"};
  }
  settings.state_dir = absolute(pick(over.state_dir, under.state_dir, state_dir.value_or("")));
  settings.socket = absolute(pick(over.socket, under.socket, default_socket(settings.state_dir)));
  settings.workers = pick(over.workers, under.workers, std::min(default_workers(), kMaxWorkers));
  if (settings.workers > kMaxWorkers) {
    return Error{Errc::invalid_argument, "workers: " + std::to_string(settings.workers) + " is above " + std::to_string(kMaxWorkers)};
  }
  settings.spare_workers = pick(over.spare_workers, under.spare_workers, settings.spare_workers);
  for (const auto& dir : pick(over.plugin_dirs, under.plugin_dirs, {})) settings.plugin_dirs.push_back(absolute(dir));
  settings.log_level = pick(over.log_level, under.log_level, std::string("info"));
  settings.drain_time = pick(over.drain_time, under.drain_time, std::chrono::seconds(30));
  settings.limits = pick_limits(over.limits, under.limits);
  if (auto nameable = check_own_account(); !nameable) return nameable.error();
  if (const auto& named = over.access_group ? over.access_group : under.access_group) {
    auto group = find_access_group(*named);
    if (!group) return group.error();
    settings.access_group = *group;
  }
  auto programs = program_dir ? Result<std::string>(absolute(*program_dir)) : find_programs();
  if (!programs) return programs.error();
  settings.program_dir = *programs;
  return settings;
}

}  // namespace jobpool::supervisor
