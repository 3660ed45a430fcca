// See processes.hpp.
#include "tests/support/processes.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>

#include "common/unique_fd.hpp"

namespace jobpool::testing {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Stat {
  std::string name;
  char state = 'X';
  pid_t parent = 0;
};

std::optional<Stat> stat_of(pid_t pid) {
  const std::string text = read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t begin = text.find('('), end = text.rfind(')');  // the name itself may hold parentheses
  if (begin == std::string::npos || end == std::string::npos || end + 4 >= text.size()) return std::nullopt;
  Stat stat{text.substr(begin + 1, end - begin - 1), text[end + 2], 0};
  std::from_chars(text.data() + end + 4, text.data() + text.size(), stat.parent);
  return stat;
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  DIR* folder = ::opendir("/proc");
  if (folder == nullptr) return pids;
  while (const dirent* entry = ::readdir(folder)) {
    pid_t pid = 0;
    const std::string_view name = entry->d_name;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec == std::errc{}) pids.push_back(pid);
  }
  ::closedir(folder);
  return pids;
}

bool lives(const std::optional<Stat>& stat) { return stat && stat->state != 'Z' && stat->state != 'X'; }

}  // namespace

bool is_alive(pid_t pid) { return lives(stat_of(pid)); }

pid_t parent_of(pid_t pid) {
  const auto stat = stat_of(pid);
  return stat ? stat->parent : 0;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> found = all_pids();
  std::erase_if(found, [&](pid_t pid) { return parent_of(pid) != parent; });
  return found;
}

std::vector<pid_t> children_named(pid_t parent, std::string_view name) {
  std::vector<pid_t> found;
  for (pid_t pid : all_pids()) {
    const auto stat = stat_of(pid);
    if (lives(stat) && stat->parent == parent && stat->name == name) found.push_back(pid);
  }
  return found;
}

std::vector<pid_t> processes_with(std::string_view text) {
  std::vector<pid_t> found;
  for (pid_t pid : all_pids()) {
    const auto stat = stat_of(pid);
    if (!lives(stat) || pid == ::getpid() || stat->parent == ::getpid()) continue;
    const std::string folder = "/proc/" + std::to_string(pid);
    if (read_file(folder + "/environ").find(text) != std::string::npos || read_file(folder + "/cmdline").find(text) != std::string::npos) {
      found.push_back(pid);
    }
  }
  return found;
}

std::string describe(const std::vector<pid_t>& pids) {
  std::string text;
  for (pid_t pid : pids) {
    std::string command = read_file("/proc/" + std::to_string(pid) + "/cmdline");
    std::replace(command.begin(), command.end(), '\0', ' ');
    text += "\n" + std::to_string(pid) + " " + command;
  }
  return text;
}

bool signal_child(pid_t pid, pid_t parent, int signal) {
  // The descriptor pins the process: what is checked after it was opened is what gets the signal.
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const auto stat = stat_of(pid);
  if (!process || !stat || stat->parent != parent) return false;
  return ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) == 0;
}

std::int64_t resident_bytes(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

std::uint64_t raise_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace jobpool::testing
