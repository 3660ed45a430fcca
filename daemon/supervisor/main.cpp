// jobpoold: starts the house in the right order and takes it down, or takes it over from the program that executed this one.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/exit_status.hpp"
#include "common/log.hpp"
#include "daemon/supervisor/command_line.hpp"
#include "daemon/supervisor/config_file.hpp"
#include "daemon/supervisor/house.hpp"
#include "daemon/supervisor/program_check.hpp"
#include "daemon/supervisor/reexec.hpp"
#include "daemon/supervisor/setting_keys.hpp"
#include "daemon/supervisor/supervisor.hpp"

namespace jobpool::supervisor {
namespace {

// A descriptor of ours must never get number 0, 1 or 2 because somebody started us without them.
void open_missing_stdio() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd) ::_exit(1);
  }
}

Result<Invocation> find_invocation() {
  std::error_code error;
  Invocation invocation;
  invocation.directory = std::filesystem::current_path(error).string();
  if (error) invocation.directory = "/";  // it was removed; relative paths mean nothing there
  invocation.program = std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (error) return Error{Errc::io, "/proc/self/exe: " + error.message()};
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return errno_error("getrlimit");
  invocation.file_limit = files.rlim_cur;
  return invocation;
}

Result<Settings> read_settings(const CommandLine& line) {
  Wishes file;
  if (const auto config = find_config(line.config)) {
    auto read = read_config(*config);
    if (!read) return read.error();
    file = *read;
  }
  std::vector<const char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  auto from_environment = read_environment(variables);
  if (!from_environment) return from_environment.error();
  auto settings = settle(layered(line.wishes, *from_environment), file, line.program_dir);
  if (!settings) return settings;
  auto logging = start_logging("jobpoold", settings->log_level);
  if (!logging) return logging.error();
  return settings;
}

int told(const Error& error, int exit_code) {
  std::fprintf(stderr, "jobpoold: %s\n", log::escaped(error.text).c_str());
  return exit_code;
}

// A file that could not be read for once may be readable at the next start; whatever else is wrong with settings stays so.
int refuse_settings(const Error& error) { return told(error, error.code == Errc::io ? 1 : kExitMisconfigured); }

Result<int> live(House& house, const ResumeRecord* predecessor) {
  // All paths are absolute by now; no file system is kept busy by our working directory.
  if (::chdir("/") != 0) return errno_error("chdir /");
  auto loop = Loop::make();
  if (!loop) return loop.error();
  auto spawner = Spawner::start(house.invocation.file_limit);
  if (!spawner) return spawner.error();
  Supervisor supervisor(house, std::move(*loop), **spawner);
  auto end = predecessor == nullptr ? supervisor.run() : supervisor.go_on(*predecessor);
  house.listener.remove();
  // Of a predecessor there may be something, however this one failed.
  const bool is_empty = end ? end->left == Supervisor::Left::nothing : predecessor == nullptr;
  if (is_empty) house.state.remove_instance();
  if (is_empty && house.cgroup) house.cgroup->leave();
  if (!end) return end.error();
  log::info("stopped");
  return end->exit_code;
}

Result<int> run(const CommandLine& line, std::vector<std::string> arguments) {
  auto settings = read_settings(line);
  if (!settings) return refuse_settings(settings.error());
  if (line.check_only) return 0;
  block_signals();
  auto invocation = find_invocation();
  if (!invocation) return invocation.error();
  auto house = build_house(std::move(*settings), std::move(*invocation), std::move(arguments));
  if (!house) return house.error();
  return live(*house, nullptr);
}

// The configuration was good a moment ago, in the trial run. Should it not be now, jobs go on under the old one.
Settings settings_or(const CommandLine& line, const Settings& old) {
  auto settings = read_settings(line);
  if (settings) return std::move(*settings);
  if (!start_logging("jobpoold", old.log_level)) ::_exit(1);  // it was this one's level a moment ago
  log::error("{}; going on with the settings from before the reload", settings.error().text);
  return old;
}

Result<int> go_on(const CommandLine& line, std::vector<std::string> arguments) {
  block_signals();
  auto record = read_resume_file(UniqueFd(*line.resume_fd));
  if (!record) return record.error();
  // Relative paths of the command line are meant from where the first program was started; without it there may be none.
  if (::chdir(record->invocation.directory.c_str()) != 0 && ::chdir("/") != 0) return errno_error("chdir /");
  if (line.check_only) {
    auto settings = read_settings(line);
    if (!settings) return refuse_settings(settings.error());
    if (auto checked = check_programs(settings->program_dir, record->settings.state_dir); !checked) return checked.error();
    return needs_drain(*record) ? kExitOtherLayout : 0;
  }
  if (needs_drain(*record))
    return Error{Errc::unsupported,
                 "installed behind the trial run of another one, and workers are there whose shared memory has another layout; "
                 "the daemon ends: start it again"};
  auto house = take_over_house(*record, settings_or(line, record->settings), std::move(arguments));
  if (!house) return house.error();
  return live(*house, &*record);
}

}  // namespace
}  // namespace jobpool::supervisor

int main(int argc, char** argv) {
  using namespace jobpool::supervisor;
  open_missing_stdio();
  const CommandLine line = read_command_line(argc, argv);
  if (line.exit_code) return *line.exit_code;
  std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const auto exit_code = line.resume_fd ? go_on(line, std::move(arguments)) : run(line, std::move(arguments));
  if (exit_code) return *exit_code;
  const bool is_another_there = exit_code.error().code == jobpool::Errc::already_exists;
  return told(exit_code.error(), is_another_there ? jobpool::kExitAnotherDaemon : 1);
}
