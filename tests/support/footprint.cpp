// See footprint.hpp.
#include "tests/support/footprint.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/processes.hpp"

namespace jobpool::testing {
namespace {

std::string folder_of(pid_t pid) { return "/proc/" + std::to_string(pid); }

}  // namespace

std::size_t open_descriptors(pid_t pid) {
  std::error_code gone;
  std::size_t count = 0;
  for (std::filesystem::directory_iterator entry(folder_of(pid) + "/fd", gone), end; !gone && entry != end; entry.increment(gone)) ++count;
  return count;
}

std::size_t shared_mappings(pid_t pid) {
  std::ifstream maps(folder_of(pid) + "/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find("/memfd:") != std::string::npos;
  return count;
}

std::int64_t proportional_bytes(pid_t pid) {
  std::ifstream rollup(folder_of(pid) + "/smaps_rollup");
  for (std::string line; std::getline(rollup, line);)
    if (line.starts_with("Pss:")) return std::stoll(line.substr(4)) * 1024;
  return 0;
}

std::vector<pid_t> zombies_of(pid_t parent) {
  std::vector<pid_t> found;
  for (const pid_t child : children_of(parent))
    if (!is_alive(child)) found.push_back(child);
  return found;
}

}  // namespace jobpool::testing
