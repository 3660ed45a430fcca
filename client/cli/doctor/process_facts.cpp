// See process_facts.hpp.
#include "client/cli/doctor/process_facts.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>

#include "client/lib/connection.hpp"
#include "common/clock.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::cli::doctor {
namespace {

constexpr std::size_t kMaxFactBytes = 1 << 20;
constexpr std::size_t kMaxOutputBytes = 16 * 1024;
constexpr std::chrono::seconds kProgramPatience{5};

std::vector<std::string> split_at_zeros(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// Of a program that was replaced since, the kernel says so behind its name.
std::string target_of_link(const std::string& path) {
  std::array<char, 4096> target;
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  std::string_view text(target.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  constexpr std::string_view kDeleted = " (deleted)";
  if (text.ends_with(kDeleted)) text.remove_suffix(kDeleted.size());
  return std::string{text};
}

// Of /proc/PID/status: "Uid:", then the real, effective, saved and file system's one. Not of the folder's owner: that is root's for a
// process whose memory may not be looked at.
std::optional<uid_t> uid_of(std::string_view status) {
  constexpr std::string_view kName = "\nUid:";
  const std::size_t at = status.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view line = status.substr(at + kName.size());
  line = line.substr(0, line.find('\n'));
  std::optional<uid_t> uid;
  for (std::size_t begin; (begin = line.find_first_not_of("\t ")) != std::string_view::npos;) {
    line.remove_prefix(begin);
    uid_t one = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), one);
    if (error != std::errc{} || (uid && *uid != one)) return std::nullopt;
    uid = one;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  }
  return uid;
}

Result<pid_t> start_with_output(std::vector<std::string>& words, std::vector<std::string>& environment, const std::string& directory,
                                int output) {
  std::vector<char*> argv, envp;
  for (std::string& word : words) argv.push_back(word.data());
  for (std::string& variable : environment) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  ::posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, argv.front(), &actions, nullptr, argv.data(), envp.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return errno_error("start " + words.front(), failed);
  return pid;
}

// Until its end, or until the time is over: false.
bool read_to_end(int fd, std::string& text, TimePoint deadline) {
  for (std::array<char, 4096> some;;) {
    pollfd readable{fd, POLLIN, 0};
    const int ready = ::poll(&readable, 1, client::poll_timeout(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const ssize_t size = ::read(fd, some.data(), some.size());
    if (size <= 0) return true;
    text.append(some.data(), std::min(static_cast<std::size_t>(size), kMaxOutputBytes - text.size()));
  }
}

}  // namespace

std::string text_of_file(const std::string& path) {
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  std::string text;
  for (std::array<char, 4096> some; file && text.size() < kMaxFactBytes;) {
    const ssize_t size = ::read(file.get(), some.data(), some.size());
    if (size <= 0) break;
    text.append(some.data(), static_cast<std::size_t>(size));
  }
  return text;
}

ProcessFacts facts_of(pid_t pid, const std::string& proc) {
  const std::string folder = proc + "/" + std::to_string(pid) + "/";
  return {split_at_zeros(text_of_file(folder + "cmdline")),
          split_at_zeros(text_of_file(folder + "environ")),
          target_of_link(folder + "exe"),
          uid_of(text_of_file(folder + "status")),
          text_of_file(folder + "limits"),
          text_of_file(folder + "cgroup")};
}

std::vector<std::string> values_of(const std::vector<std::string>& words, std::string_view option) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == option) values.push_back(words[i + 1]);
  return values;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);
  return variables;
}

Result<Output> output_of(std::vector<std::string> words, std::vector<std::string> environment, const std::string& directory) {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("pipe");
  const UniqueFd reading{ends[0]};
  UniqueFd writing{ends[1]};
  const Result<pid_t> pid = start_with_output(words, environment, directory, writing.get());
  if (!pid) return pid.error();
  writing.reset();
  Output output{0, {}};
  const bool ended = read_to_end(reading.get(), output.text, Clock::now() + kProgramPatience);
  if (!ended) ::kill(*pid, SIGKILL);  // our child, not reaped yet
  int status = 0;
  while (::waitpid(*pid, &status, 0) < 0)
    if (errno != EINTR) return errno_error("waitpid");
  if (!ended) return Error{Errc::timed_out, words.front() + " did not end within five seconds"};
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return output;
}

}  // namespace jobpool::cli::doctor
