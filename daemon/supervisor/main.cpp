// jobpoold: starts the house in the right order and takes it down. Nothing is spawned before the directories are ours and an earlier
// instance's leftovers are gone.
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "common/log.hpp"
#include "daemon/supervisor/activation.hpp"
#include "daemon/supervisor/command_line.hpp"
#include "daemon/supervisor/config_file.hpp"
#include "daemon/supervisor/leftovers.hpp"
#include "daemon/supervisor/state_dir.hpp"
#include "daemon/supervisor/supervisor.hpp"

namespace jobpool::supervisor {
namespace {

// A descriptor of ours must never get number 0, 1 or 2 because somebody started us without them.
void open_missing_stdio() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd) ::_exit(1);
  }
}

Result<Settings> read_settings(const CommandLine& line) {
  Wishes file;
  if (line.config) {
    auto read = read_config(*line.config);
    if (!read) return read.error();
    file = *read;
  }
  auto settings = settle(line.wishes, file, line.program_dir);
  if (!settings) return settings;
  auto logging = start_logging("jobpoold", settings->log_level);
  if (!logging) return logging.error();
  return settings;
}

Result<void> clear_leftovers(const StateDir& state, const Instance& now) {
  auto earlier = state.earlier_instance();
  if (!earlier) return earlier.error();
  if (!*earlier) return {};
  spdlog::warn("instance {} (pid {}) did not end by itself; looking for what it left", (*earlier)->id, (*earlier)->pid);
  auto killed = kill_leftovers(**earlier, now);
  if (!killed) return killed.error();
  spdlog::warn("killed {} processes that it left", *killed);
  return {};
}

Result<House> build_house(Settings settings, const StateDir& state, std::optional<Listener> activated) {
  auto instance = new_instance();
  if (!instance) return instance.error();
  auto cleared = clear_leftovers(state, *instance);
  if (!cleared) return cleared.error();
  auto listener = activated ? Result<Listener>(std::move(*activated)) : Listener::bind(settings.socket);
  if (!listener) return listener.error();
  settings.socket = listener->path();
  auto output = state.open_output();
  if (!output) return output.error();
  UniqueFd ledger(::memfd_create("jobpool-ledger", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!ledger) return errno_error("memfd_create");
  auto written = state.write_instance(*instance);
  if (!written) return written.error();
  return House{std::move(settings), std::move(*instance), std::move(*listener), std::move(*output), std::move(ledger)};
}

Result<Supervisor::End> live(House& house) {
  auto loop = Loop::make();
  if (!loop) return loop.error();
  auto spawner = Spawner::start();
  if (!spawner) return spawner.error();
  Supervisor supervisor(house, std::move(*loop), **spawner);
  return supervisor.run();
}

Result<int> run(const CommandLine& line) {
  auto settings = read_settings(line);
  if (!settings) return settings.error();
  if (line.check_only) return 0;
  block_signals();
  auto activated = Listener::from_environment();
  if (!activated) return activated.error();
  auto state = StateDir::lock(settings->state_dir);
  if (!state) return state.error();
  auto house = build_house(std::move(*settings), *state, std::move(*activated));
  if (!house) return house.error();
  // All paths are absolute by now; no file system is kept busy by our working directory.
  if (::chdir("/") != 0) return errno_error("chdir /");
  auto end = live(*house);
  house->listener.remove();
  if (!end || end->left == Supervisor::Left::nothing) state->remove_instance();
  if (!end) return end.error();
  spdlog::info("stopped");
  return end->exit_code;
}

}  // namespace
}  // namespace jobpool::supervisor

int main(int argc, char** argv) {
  using namespace jobpool::supervisor;
  open_missing_stdio();
  const CommandLine line = read_command_line(argc, argv);
  if (line.exit_code) return *line.exit_code;
  const auto exit_code = run(line);
  if (exit_code) return *exit_code;
  std::fprintf(stderr, "jobpoold: %s\n", exit_code.error().text.c_str());
  return 1;
}
