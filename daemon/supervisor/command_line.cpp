// Reads jobpoold's flags with CLI11; the only file that includes it (it costs seconds to compile).
#include "daemon/supervisor/command_line.hpp"

#include <CLI/CLI.hpp>

#include "common/exit_status.hpp"

namespace jobpool::supervisor {
namespace {

constexpr const char* kExample =
    "Example: a pool of four workers with its own directory\n"
    "  jobpoold -j 4 --state-dir ~/pool --socket ~/pool/socket &\n"
    "  jobpool --socket ~/pool/socket apply -- echo hello\n"
    "\n"
    "Settings: flags win over the environment (JOBPOOLD_WORKERS=4 and so on), which wins over the configuration file; see\n"
    "jobpool.conf(5). Without --config the file is $JOBPOOLD_CONFIG, else jobpool/jobpool.toml in $XDG_CONFIG_HOME (~/.config),\n"
    "where it is there. Wrong settings are exit code 2.\n"
    "\n"
    "Signals: TERM finishes what runs, then stops; INT and QUIT stop at once; HUP changes over to the\n"
    "installed programs and to the configuration as they are then, while jobs run on.\n";

void add_flags(CLI::App& app, CommandLine& line) {
  app.footer(kExample);
  // The last one wins: scripts that wrap this command can have defaults.
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.set_version_flag("--version", "jobpoold " JOBPOOL_VERSION);
  app.add_option("--socket", line.wishes.socket, "Listen here (default: $JOBPOOL_SOCKET, $XDG_RUNTIME_DIR/jobpool/socket, ...)")
      ->type_name("PATH");
  app.add_option("--state-dir", line.wishes.state_dir, "Keep jobs and outputs here (default: ~/.local/state/jobpool)")->type_name("DIR");
  app.add_option("-j,--workers", line.wishes.workers, "Number of workers (default: one per usable CPU)")
      ->type_name("N")
      ->check(CLI::Range(0u, kMaxWorkers));
  app.add_option("--config", line.config, "Read settings from this TOML file; flags and environment win over it")->type_name("FILE");
  app.add_option("--plugin-dir", line.wishes.plugin_dirs, "Load functions from here; may be given several times")
      ->type_name("DIR")
      ->take_all()
      ->expected(1);
  app.add_option("--log-level", line.wishes.log_level, "trace, debug, info, warn, error or off (default: info)")->type_name("L");
  app.add_option("--access-group", line.wishes.access_group, "Let the members of this group connect as well, and act as this user")
      ->type_name("GROUP");
  app.add_flag("--check-config", line.check_only, "Check flags and configuration, then leave");
  // For tests and for trying another build: the programs of this directory instead of those beside jobpoold.
  app.add_option("--program-dir", line.program_dir)->group("");
  app.add_option("--resume-fd", line.resume_fd)->group("")->check(CLI::Range(3, 1 << 30));
}

}  // namespace

CommandLine read_command_line(int argc, char** argv) {
  CommandLine line;
  CLI::App app("Runs jobs in a pool of worker processes. Stays in the foreground.", "jobpoold");
  add_flags(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // CLI11 knows no other way; it goes no further than here
    line.exit_code = app.exit(error) == 0 ? 0 : kExitMisconfigured;
  }
  return line;
}

}  // namespace jobpool::supervisor
