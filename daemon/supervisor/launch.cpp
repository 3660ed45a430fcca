// See common/control/arguments.hpp for the agreement with the other two programs.
#include "daemon/supervisor/launch.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "common/control/arguments.hpp"

namespace jobpool::supervisor {
namespace {

// JOURNAL_STREAM is of stderr, which is theirs as well. The last three steer the sanitizers of test builds.
constexpr std::array<std::string_view, 17> kForWorkers{"PATH",
                                                       "HOME",
                                                       "USER",
                                                       "LOGNAME",
                                                       "SHELL",
                                                       "LANG",
                                                       "LC_ALL",
                                                       "LC_CTYPE",
                                                       "TZ",
                                                       "TMPDIR",
                                                       "XDG_RUNTIME_DIR",
                                                       "LD_LIBRARY_PATH",
                                                       "DBUS_SESSION_BUS_ADDRESS",
                                                       "JOURNAL_STREAM",
                                                       "ASAN_OPTIONS",
                                                       "UBSAN_OPTIONS",
                                                       "TSAN_OPTIONS"};

// JOBPOOL_INSTANCE is there when a job of another daemon started this one.
constexpr std::array<std::string_view, 7> kNotForBroker{"LISTEN_PID",    "LISTEN_FDS",   "LISTEN_FDNAMES",  "NOTIFY_SOCKET",
                                                        "WATCHDOG_USEC", "WATCHDOG_PID", "JOBPOOL_INSTANCE"};

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <class Keep>
std::vector<std::string> filtered_environment(const std::string& instance, Keep keep) {
  std::vector<std::string> kept{"JOBPOOL_INSTANCE=" + instance};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view assignment = *entry;
    if (keep(assignment.substr(0, assignment.find('=')))) kept.emplace_back(assignment);
  }
  return kept;
}

void add_common(std::vector<std::string>& arguments, const Settings& settings, const std::string& instance) {
  arguments.insert(arguments.end(), {"--instance", instance, "--socket", settings.socket, "--log-level", settings.log_level});
  for (const std::string& dir : settings.plugin_dirs) arguments.insert(arguments.end(), {"--plugin-dir", dir});
}

void add_limits(std::vector<std::string>& arguments, const Limits& limits) {
  const auto add = [&](const char* option, const auto& value) {
    if (value) arguments.insert(arguments.end(), {option, std::to_string(*value)});
  };
  add("--queue-limit", limits.queue);
  add("--queue-limit-per-user", limits.queue_per_user);
  add("--keep-ended-count", limits.kept_count);
  if (limits.kept_for) arguments.insert(arguments.end(), {"--keep-ended-seconds", std::to_string(limits.kept_for->count())});
}

}  // namespace

std::vector<std::string> broker_arguments(const Settings& settings, const Instance& instance, const History& history) {
  std::vector<std::string> arguments{"--control-fd", std::to_string(control::kBrokerControlFd)};
  arguments.insert(arguments.end(), {"--state-dir", settings.state_dir, "--workers", std::to_string(settings.workers)});
  arguments.insert(arguments.end(), {"--restarts", std::to_string(history.broker_starts), "--reloads", std::to_string(history.reloads)});
  arguments.insert(arguments.end(), {"--failed-reloads", std::to_string(history.failed_reloads)});
  arguments.insert(arguments.end(), {"--since", std::to_string(instance.since_usec)});
  add_limits(arguments, settings.limits);
  if (settings.access_group) arguments.insert(arguments.end(), {"--access-group", std::to_string(*settings.access_group)});
  add_common(arguments, settings, instance.id);
  return arguments;
}

std::vector<std::string> worker_arguments(const Settings& settings, const std::string& instance) {
  std::vector<std::string> arguments;
  add_common(arguments, settings, instance);
  if (settings.limits.output) arguments.insert(arguments.end(), {"--output-limit-bytes", std::to_string(*settings.limits.output)});
  return arguments;
}

std::vector<std::string> broker_environment(const std::string& instance) {
  return filtered_environment(instance, [](std::string_view name) { return !contains(kNotForBroker, name); });
}

std::vector<std::string> worker_environment(const std::string& instance) {
  return filtered_environment(instance, [](std::string_view name) { return contains(kForWorkers, name); });
}

}  // namespace jobpool::supervisor
