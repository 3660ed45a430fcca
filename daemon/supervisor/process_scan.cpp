// Reads /proc; every process may vanish between two looks, which is no error.
#include "daemon/supervisor/process_scan.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "daemon/supervisor/files.hpp"

namespace jobpool::supervisor {
namespace {

constexpr std::size_t kMaxStatBytes = 1024;
// The kernel lets argv and environment together have 6 MiB at most with the usual stack limit; what is behind is not looked at.
constexpr std::size_t kMaxEnvironBytes = 8 * 1024 * 1024;

template <class Number>
bool take_number(std::string_view word, Number& out) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  return error == std::errc() && end == word.data() + word.size();
}

template <class Visitor>
void for_each_number_in(const std::string& directory, Visitor visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(directory.c_str()), &::closedir);
  if (!list) return;
  while (const dirent* entry = ::readdir(list.get())) {
    pid_t pid = 0;
    if (take_number(std::string_view(entry->d_name), pid)) visit(pid);
  }
}

template <class Visitor>
void for_each_process(Visitor visit) {
  for_each_number_in("/proc", visit);
}

std::string path_of(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

bool is_ours(pid_t pid) {
  struct stat status {};
  return ::stat(("/proc/" + std::to_string(pid)).c_str(), &status) == 0 && status.st_uid == ::geteuid();
}

// Empty: it has none, or is gone.
std::string environment_of(pid_t pid) {
  if (auto bytes = read_file_at(AT_FDCWD, path_of(pid, "environ"), kMaxEnvironBytes); bytes && !bytes->empty()) return std::move(*bytes);
  // A thread that has ended shows nothing, and the first may end before the others.
  std::string found;
  for_each_number_in(path_of(pid, "task"), [&](pid_t thread) {
    if (!found.empty() || thread == pid) return;
    if (auto bytes = read_file_at(AT_FDCWD, path_of(pid, ("task/" + std::to_string(thread) + "/environ").c_str()), kMaxEnvironBytes))
      found = std::move(*bytes);
  });
  return found;
}

}  // namespace

std::optional<ProcessStatus> parse_status(std::string_view line) {
  // Counted from the field after the name.
  constexpr std::size_t kState = 0, kParent = 1, kFlags = 6, kStartTime = 19, kPendingSignals = 28;
  constexpr std::uint64_t kExiting = 4;  // PF_EXITING
  std::uint64_t flags = 0, pending = 0;
  ProcessStatus status;
  const std::size_t open = line.find(" (");
  const std::size_t close = line.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  if (!take_number(line.substr(0, open), status.pid)) return std::nullopt;
  std::string_view rest = line.substr(close + 2);
  for (std::size_t field = 0; field <= kPendingSignals; ++field) {
    const std::string_view word = rest.substr(0, rest.find_first_of(" \n"));
    if (word.empty()) return std::nullopt;
    if (field == kState) status.state = word.front();
    if (field == kParent && !take_number(word, status.parent)) return std::nullopt;
    if (field == kFlags && !take_number(word, flags)) return std::nullopt;
    if (field == kStartTime && !take_number(word, status.start_time)) return std::nullopt;
    if (field == kPendingSignals && !take_number(word, pending)) return std::nullopt;
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  }
  const bool got_kill = (pending & (std::uint64_t{1} << (SIGKILL - 1))) != 0;
  status.is_dying = got_kill || (flags & kExiting) != 0 || status.state == 'Z' || status.state == 'X';
  return status;
}

std::optional<ProcessStatus> process_status(pid_t pid) {
  auto line = read_file_at(AT_FDCWD, path_of(pid, "stat"), kMaxStatBytes);
  return line ? parse_status(*line) : std::nullopt;
}

std::vector<ProcessStatus> children_of(pid_t parent) {
  std::vector<ProcessStatus> children;
  for_each_process([&](pid_t pid) {
    const auto status = process_status(pid);
    if (status && status->parent == parent) children.push_back(*status);
  });
  return children;
}

std::unordered_set<pid_t> all_parents() {
  std::unordered_set<pid_t> parents;
  for_each_process([&](pid_t pid) {
    if (const auto status = process_status(pid)) parents.insert(status->parent);
  });
  return parents;
}

bool has_environment(pid_t pid, const std::string& assignment) {
  // Between two zero bytes, so that "A=1" is not found in "A=12" or "BA=1".
  std::string all(1, '\0');
  all += environment_of(pid);
  if (all.back() != '\0') all += '\0';
  return all.find(std::string(1, '\0') + assignment + std::string(1, '\0')) != std::string::npos;
}

std::vector<pid_t> processes_with_environment(const std::string& assignment) {
  std::vector<pid_t> found;
  for_each_process([&](pid_t pid) {
    if (pid != ::getpid() && is_ours(pid) && has_environment(pid, assignment)) found.push_back(pid);
  });
  return found;
}

}  // namespace jobpool::supervisor
