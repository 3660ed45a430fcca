// An installation of its own, for tests of upgrades.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/daemon.hpp"
#include "tests/support/temp_dir.hpp"

namespace jobpool::testing {

// Its jobpoold is a shell script; $JOBPOOLD is the real one. The other programs are links.
class Installation {
 public:
  Installation() {
    for (const char* name : {"jobpool-broker", "jobpool-worker"}) std::filesystem::create_symlink(program(name), folder_.file(name));
    install("exec \"$JOBPOOLD\" \"$@\"");
  }
  void install(const std::string& script) const {
    std::ofstream(folder_.file("new")) << "#!/bin/sh\nJOBPOOLD='" << program("jobpoold") << "'\n" << script << "\n";
    std::filesystem::permissions(folder_.file("new"), std::filesystem::perms::owner_all);
    std::filesystem::rename(folder_.file("new"), folder_.file("jobpoold"));
  }
  DaemonOptions options(int workers = 1) const { return {.workers = workers, .arguments = {"--program-dir", folder_.path().string()}}; }
  std::string file(const std::string& name) const { return folder_.file(name); }

 private:
  TempDir folder_;
};

}  // namespace jobpool::testing
