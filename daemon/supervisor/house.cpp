// Making, taking over and remembering.
#include "daemon/supervisor/house.hpp"

#include <sys/mman.h>

#include <utility>

#include "common/log.hpp"
#include "daemon/supervisor/access_group.hpp"
#include "daemon/supervisor/leftovers.hpp"
#include "daemon/supervisor/reexec.hpp"

namespace jobpool::supervisor {
namespace {

Result<void> clear_leftovers(const StateDir& state, const Instance& now) {
  auto earlier = state.earlier_instance();
  if (!earlier) return earlier.error();
  if (!*earlier) return {};
  if ((*earlier)->boot_id != now.boot_id) {
    log::info("instance {} ended with the host; nothing of it can be left", (*earlier)->id);
    return {};
  }
  log::warn("instance {} (pid {}) did not end by itself; looking for what it left", (*earlier)->id, (*earlier)->pid);
  // First by its cgroup, where it had one: so goes what erased its environment, or forks faster than it can be looked for.
  if (!(*earlier)->cgroup.empty())
    if (auto ended = end_cgroup_of((*earlier)->cgroup, (*earlier)->id); !ended) return ended;
  auto killed = kill_leftovers(**earlier, now);
  if (!killed) return killed.error();
  log::warn("killed {} processes that it left", *killed);
  return {};
}

std::optional<Cgroup> optional_cgroup(Result<Cgroup> cgroup) {
  if (cgroup) return std::move(*cgroup);
  log::debug("{}: following processes without cgroups", cgroup.error().text);
  return std::nullopt;
}

void keep(const char* what, const std::string& now, std::string& wanted) {
  if (now == wanted) return;
  log::warn("{} is {} until the daemon is stopped; {} is ignored", what, now, wanted);
  wanted = now;
}

// Who cannot connect is not told why by the kernel: whoever set the daemon up is.
void tell_access(const Settings& settings) {
  if (!settings.access_group) return;
  const auto hindrance = hindrance_of(*settings.access_group, settings.socket);
  if (hindrance) return log::warn("members of the group {} may connect, but cannot: {}", *settings.access_group, *hindrance);
  log::info("members of the group {} may connect, and act as this user", *settings.access_group);
}

}  // namespace

Result<House> build_house(Settings settings, Invocation invocation, std::vector<std::string> arguments) {
  auto activated = Listener::from_environment();
  if (!activated) return activated.error();
  auto state = StateDir::lock(settings.state_dir);
  if (!state) return state.error();
  auto instance = new_instance();
  if (!instance) return instance.error();
  auto cleared = clear_leftovers(*state, *instance);
  if (!cleared) return cleared.error();
  auto listener = *activated ? Result<Listener>(std::move(**activated)) : Listener::bind(settings.socket, settings.access_group);
  if (!listener) return listener.error();
  settings.socket = listener->path();
  tell_access(settings);
  auto output = state->open_output();
  if (!output) return output.error();
  UniqueFd ledger(::memfd_create("jobpool-ledger", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!ledger) return errno_error("memfd_create");
  auto cgroup = optional_cgroup(Cgroup::take(instance->id));
  if (cgroup) instance->cgroup = cgroup->base();
  auto written = state->write_instance(*instance);
  if (!written) return written.error();
  return House{std::move(settings), std::move(*instance),  std::move(*listener), std::move(*state), std::move(*output),
               std::move(ledger),   std::move(invocation), std::move(arguments), std::move(cgroup)};
}

Result<House> take_over_house(const ResumeRecord& record, Settings wanted, std::vector<std::string> arguments) {
  auto taken = take_over_descriptors(record);
  if (!taken) return taken.error();
  // With socket activation the path is systemd's word, whatever the settings say.
  if (record.listener.activated) wanted.socket = record.settings.socket;
  keep("the socket", record.settings.socket, wanted.socket);
  keep("the state directory", record.settings.state_dir, wanted.state_dir);
  Listener listener = Listener::take_over(wanted.socket, record.listener, wanted.access_group);
  // Jobs run: who may not connect by the file's mode is no reason to end them.
  if (auto set = listener.set_access(); !set) log::error("{}; going on", set.error().text);
  tell_access(wanted);
  StateDir state = StateDir::take_over(wanted.state_dir, UniqueFd(record.state_dir), UniqueFd(record.state_lock));
  std::optional<Cgroup> cgroup;
  if (!record.instance.cgroup.empty()) cgroup = optional_cgroup(Cgroup::take_over(record.instance.cgroup, record.instance.id));
  return House{std::move(wanted),       record.instance,   std::move(listener),  std::move(state), UniqueFd(record.output_dir),
               UniqueFd(record.ledger), record.invocation, std::move(arguments), std::move(cgroup)};
}

ResumeRecord remember(const House& house) {
  ResumeRecord record;
  record.invocation = house.invocation;
  record.settings = house.settings;
  record.instance = house.instance;
  record.listener = house.listener.remember();
  record.state_dir = house.state.directory();
  record.state_lock = house.state.lock_file();
  record.output_dir = house.output_dir.get();
  record.ledger = house.ledger.get();
  return record;
}

}  // namespace jobpool::supervisor
