// jobpoold's flags. jobpoold, at start.
#pragma once

#include <optional>
#include <string>

#include "daemon/supervisor/settings.hpp"

namespace jobpool::supervisor {

struct CommandLine {
  Wishes wishes;
  std::optional<std::string> config;
  std::optional<std::string> program_dir;
  bool check_only = false;
  std::optional<int> resume_fd;  // a running jobpoold executed this one
  std::optional<int> exit_code;  // set: everything was said already (help, version, wrong usage: 2); leave with it
};

CommandLine read_command_line(int argc, char** argv);

}  // namespace jobpool::supervisor
