// Reading /proc/*/stat; see the header. (/proc/*/task/*/children is not there on every kernel.)
#include "daemon/worker/command/process_scan.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>

#include "common/unique_fd.hpp"

namespace jobpool::worker {
namespace {

constexpr std::size_t kStatBytes = 1024;  // the fields we want are among the first 22, after a name of at most 64 bytes

// The line is "pid (name) state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime stime cutime cstime priority nice
// threads itrealvalue starttime …"; the name may hold anything, even ") R 1", so the fields start behind the last ')'.
std::optional<ProcessEntry> parse_stat(pid_t pid, char* line) {
  const char* fields = std::strrchr(line, ')');
  if (fields == nullptr) return std::nullopt;
  ProcessEntry entry{pid, 0, 0, 0};
  const int read = std::sscanf(fields + 1, " %*c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &entry.parent,
                               &entry.group, &entry.start_time);
  if (read != 3) return std::nullopt;
  return entry;
}

std::optional<ProcessEntry> read_stat(pid_t pid) {
  std::array<char, 32> path;
  std::snprintf(path.data(), path.size(), "/proc/%d/stat", pid);
  const UniqueFd file(::open(path.data(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::array<char, kStatBytes> line;
  const ssize_t size = ::read(file.get(), line.data(), line.size() - 1);
  if (size <= 0) return std::nullopt;
  line[static_cast<std::size_t>(size)] = '\0';
  return parse_stat(pid, line.data());
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), &::closedir);
  if (!proc) return pids;
  while (const dirent* entry = ::readdir(proc.get())) {
    const int pid = std::atoi(entry->d_name);
    if (pid > 0) pids.push_back(pid);
  }
  return pids;
}

std::vector<ProcessEntry> read_all() {
  std::vector<ProcessEntry> all;
  std::vector<pid_t> pids = all_pids();
  std::sort(pids.begin(), pids.end(), std::greater<>());
  for (const pid_t pid : pids)
    if (const auto entry = read_stat(pid)) all.push_back(*entry);
  return all;
}

}  // namespace

std::vector<ProcessEntry> scan_descendants(pid_t ancestor) {
  std::vector<ProcessEntry> all = read_all();
  std::unordered_set<pid_t> family{ancestor};
  // Pids wrap around, so a parent may stand before or behind its child: go over the list until nobody joins any more.
  for (bool has_grown = true; has_grown;) {
    has_grown = false;
    for (const ProcessEntry& entry : all)
      if (family.contains(entry.parent) && family.insert(entry.pid).second) has_grown = true;
  }
  std::erase_if(all, [&](const ProcessEntry& entry) { return entry.pid == ancestor || !family.contains(entry.pid); });
  return all;
}

void signal_process(const ProcessEntry& process, int signal) {
  // A child of ours keeps its pid until we reap it.
  if (process.parent == ::getpid()) {
    ::kill(process.pid, signal);
    return;
  }
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!pidfd) return;
  // The descriptor holds whoever has the pid now: only the start time says that it is still the one that was seen.
  const auto now = read_stat(process.pid);
  if (now && now->start_time == process.start_time) ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0);
}

}  // namespace jobpool::worker
