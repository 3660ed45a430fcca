// Public values to protocol values and back; the caller's own cwd, environment and umask.
#include "client/lib/submission.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <climits>
#include <cstring>

#include "client/lib/key.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::client {
namespace {

std::vector<JobId> to_ids(const std::vector<std::uint64_t>& numbers) {
  std::vector<JobId> ids;
  ids.reserve(numbers.size());
  for (const std::uint64_t number : numbers) ids.push_back(JobId{number});
  return ids;
}

std::int64_t wall_usec_of(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<Microseconds>(time.time_since_epoch()).count();
}

}  // namespace

proto::Submission function_submission(std::string_view pool, std::string_view function, std::string arguments) {
  proto::Submission job;
  job.function = std::string{function};
  job.arguments = std::move(arguments);
  job.pool = pool;
  job.key = make_key();
  return job;
}

Result<CommandCall> command_submission(std::string_view pool, const Command& command) {
  if (command.argv.empty()) return Error{Errc::invalid_argument, "a command needs at least argv[0]"};
  CommandCall call;
  call.job.command = command.argv;
  call.job.cwd = command.cwd;
  if (command.cwd.empty()) {
    Result<std::string> cwd = current_directory();
    if (!cwd) return cwd.error();
    call.job.cwd = std::move(*cwd);
  }
  call.job.environment = command.environment ? *command.environment : current_environment();
  if (!command.environment) call.job.inherited = call.job.environment->size();
  call.job.umask = current_umask();
  call.job.nice = command.nice;
  call.job.memory_bytes = command.memory_bytes;
  call.job.stdin_file = command.stdin_file;
  call.job.grace = command.grace;
  call.job.name = command.name;
  call.job.pool = pool;
  call.job.key = make_key();
  const auto pass = [&call](const std::optional<int>& fd, std::optional<int>& index) {
    if (!fd) return;
    index = static_cast<int>(call.fds.size());
    call.fds.push_back(*fd);
  };
  pass(command.stdin_fd, call.job.stdin_index);
  pass(command.stdout_fd, call.job.stdout_index);
  pass(command.stderr_fd, call.job.stderr_index);
  return call;
}

void apply_options(const SubmitOptions& options, proto::Submission& job) {
  job.durable = options.durable;
  job.priority = options.priority;
  job.delay = options.delay;
  if (options.at) job.at_usec = wall_usec_of(*options.at);
  job.after = to_ids(options.after);
  job.after_any = to_ids(options.after_any);
  job.after_failed = to_ids(options.after_failed);
  job.retries = options.retries;
  job.backoff = options.backoff;
  job.timeout = options.timeout;
  if (options.if_full) job.if_full = *options.if_full == IfFull::block ? proto::IfFull::block : proto::IfFull::fail;
  if (options.key.empty())
    job.inherited = 0;  // under a key that is made for this call nobody compares it with another
  else
    job.key = options.key;
}

CommandResult command_result(proto::Ending ending) {
  CommandResult result;
  result.id = ending.id.value;
  result.outcome = to_string(ending.outcome);
  result.exit_code = ending.exit_code;
  result.signal = ending.signal;
  result.reason = std::move(ending.reason);
  result.standard_output = std::move(ending.standard_output.bytes);
  result.standard_error = std::move(ending.standard_error.bytes);
  result.output_truncated = ending.standard_output.truncated;
  result.error_truncated = ending.standard_error.truncated;
  return result;
}

Result<std::string> current_directory() {
  std::array<char, PATH_MAX> path;
  // Not ENOENT's own code: it would be taken for a daemon that is not there.
  if (::getcwd(path.data(), path.size()) == nullptr) return Error{Errc::io, errno_error("the current directory").text};
  return std::string{path.data()};
}

std::vector<std::string> current_environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) variables.emplace_back(*variable);
  return variables;
}

int current_umask() {
  // umask(2) can only be read by setting it, which another thread's new file would feel; the kernel tells it in /proc.
  const UniqueFd status{::open("/proc/self/status", O_RDONLY | O_CLOEXEC)};
  std::array<char, 512> text;
  const ssize_t size = status ? ::read(status.get(), text.data(), text.size()) : -1;
  const std::string_view lines{text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  const std::size_t at = lines.find("Umask:\t");
  int mask = 022;  // the protocol's default, where /proc is not mounted
  if (at != std::string_view::npos) std::from_chars(lines.data() + at + 7, lines.data() + lines.size(), mask, 8);
  return mask;
}

}  // namespace jobpool::client
