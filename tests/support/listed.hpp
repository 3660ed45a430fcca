// What a daemon still knows of its jobs, and keeps of their output.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/daemon.hpp"

namespace jobpool::testing {

// Their ids, ascending.
inline std::vector<std::string> listed(const Daemon& daemon) {
  const Finished finished = daemon.run({"list", "--json", "--limit", "0"});
  REQUIRE(finished.exit_code == 0);
  std::vector<std::string> ids;
  std::istringstream lines(finished.out);
  for (std::string line; std::getline(lines, line);) ids.push_back(std::to_string(json::parse(line)["id"].get<std::uint64_t>()));
  return ids;
}

inline long output_files(const Daemon& daemon, const std::string& id) {
  const std::filesystem::directory_iterator files(daemon.file("state/output"));
  return std::count_if(begin(files), end(files), [&](const auto& file) { return file.path().filename().string().starts_with(id + "."); });
}

}  // namespace jobpool::testing
