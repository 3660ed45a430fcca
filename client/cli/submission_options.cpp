// Options and words to a Submission; the caller's surroundings go along with a command.
#include "client/cli/submission_options.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "client/cli/byte_size.hpp"
#include "client/cli/function_arguments.hpp"
#include "client/cli/own_umask.hpp"
#include "client/cli/pool.hpp"
#include "client/cli/unique_key.hpp"
#include "client/lib/key.hpp"
#include "client/lib/submission.hpp"
#include "proto/parts.hpp"
#include "proto/utf8.hpp"

namespace jobpool::cli {
namespace {

// What --clean-env keeps: enough to find programs and a home.
constexpr std::array<const char*, 6> kKeptVariables{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG"};
constexpr Microseconds kLongestGrace = std::chrono::hours{24};  // as the protocol allows

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

// Relative names mean something only here, not in the daemon.
Result<std::string> absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  Result<std::string> here = client::current_directory();
  if (!here) return here.error();
  return *here + "/" + path;
}

// A name that says something else in each process.
bool is_own_descriptor(std::string_view path) {
  constexpr std::array<std::string_view, 3> kFolders{"/dev/fd/", "/proc/self/", "/proc/thread-self/"};
  return path == "/dev/stdin" || std::ranges::any_of(kFolders, [path](std::string_view folder) { return path.starts_with(folder); });
}

// A terminal whose keys are somebody else's at the moment: we would be stopped if we read them, and a job, which has none, would not.
bool is_in_background(int fd) {
  const pid_t foreground = ::tcgetpgrp(fd);
  return foreground >= 0 && foreground != ::getpgrp();
}

void lend(SubmissionCall& call, int fd, std::optional<int>& index) {
  index = static_cast<int>(call.fds.size());
  call.fds.push_back(fd);
}

}  // namespace

void SubmissionOptions::declare(Options& options) {
  declare_pool(options, "NAME", "the pool that runs it; 'default' when absent", pool_);
  options.value("--name", "NAME", "a name for people; need not be unique", [this](std::string_view given) -> Result<void> {
    if (given.empty() || given.size() > proto::kMaxNameBytes || !proto::is_protocol_text(given))
      return Error{Errc::invalid_argument, "a name has 1 to " + std::to_string(proto::kMaxNameBytes) + " bytes of UTF-8"};
    name_ = given;
    return {};
  });
  declare_unique(options, "the same key with the same submission is the same job; with another one an error", key_);
  declare_target(options);
  options.text("--output", "FILE", "write the command's stdout and stderr there (made anew); not for durable jobs", output_file_);
  terms_.declare(options);
}

void SubmissionOptions::declare_target(Options& options) {
  options.text("--cwd", "DIR", "where the command starts, instead of here", cwd_);
  options.value("--env", "NAME=VALUE", "set a variable of the command; may be given several times",
                [this](std::string_view given) -> Result<void> {
                  if (given.find('=') == 0 || given.find('=') == std::string_view::npos)
                    return Error{Errc::invalid_argument, "write NAME=VALUE"};
                  variables_.emplace_back(given);
                  return {};
                });
  options.flag("--clean-env", "pass no other variables than PATH, HOME, USER, LOGNAME, SHELL, LANG and those of --env", clean_environment_);
  options.text("--stdin", "FILE", "what the command reads as its input", stdin_file_);
  options.integer("--nice", "N", "the command's nice value, -20 (served first) to 19 (last)", {proto::kLowestNice, proto::kHighestNice},
                  nice_);
  options.value("--memory", "SIZE", "what the command and each process it starts may allocate: 512M, 2G",
                [this](std::string_view given) -> Result<void> {
                  const Result<std::int64_t> size = parse_byte_size(given);
                  if (!size) return size.error();
                  if (*size < proto::kMinMemoryBytes)
                    return Error{Errc::invalid_argument, "a command needs at least " + show_byte_size(proto::kMinMemoryBytes)};
                  memory_bytes_ = *size;
                  return {};
                });
  options.duration("--grace", "T", "between TERM and KILL when it is stopped, a day at most; 5s when absent", grace_, kLongestGrace);
}

Result<SubmissionCall> SubmissionOptions::build(Context& context, const Options::Parsed& parsed, OwnStreams streams) const {
  if (terms_.durable() && !output_file_.empty())
    return Error{Errc::invalid_argument, "--output lends the job an open file, which does not outlive this host as --durable does"};
  if (terms_.durable()) streams = OwnStreams::none;
  SubmissionCall call;
  call.job.pool = pool_;
  call.job.name = name_;
  call.job.key = key_.empty() ? client::make_key() : key_;
  if (auto filled = terms_.fill(context, call.job); !filled) return filled.error();
  if (auto filled = fill(parsed, streams, call); !filled) return filled.error();
  if (key_.empty()) call.job.inherited = 0;  // under a key that is made for this call nobody compares it with another
  return call;
}

Result<proto::Submission> SubmissionOptions::build_target(const Options::Parsed& parsed) const {
  SubmissionCall call;
  if (auto filled = fill(parsed, OwnStreams::none, call); !filled) return filled.error();
  return std::move(call.job);
}

Result<void> SubmissionOptions::fill(const Options::Parsed& parsed, OwnStreams streams, SubmissionCall& call) const {
  if (grace_) call.job.grace = *grace_;
  const bool is_function = !parsed.separated && parsed.operands.front().starts_with('@');
  return is_function ? fill_function(parsed.operands, call.job) : fill_command(parsed.operands, streams, call);
}

Result<void> SubmissionOptions::fill_function(const std::vector<std::string>& words, proto::Submission& job) const {
  const bool for_commands =
      !cwd_.empty() || !variables_.empty() || clean_environment_ || !stdin_file_.empty() || !output_file_.empty() || nice_ || memory_bytes_;
  if (for_commands)
    return Error{Errc::invalid_argument,
                 "--cwd, --env, --clean-env, --stdin, --output, --nice and --memory are for commands; a function has its arguments only"};
  if (words.front().size() < 2) return Error{Errc::invalid_argument, "a function's name follows the @, as in @square"};
  if (words.front().size() - 1 > proto::kMaxNameBytes)
    return Error{Errc::invalid_argument, "a function's name has at most " + std::to_string(proto::kMaxNameBytes) + " bytes"};
  if (!proto::is_protocol_text(words.front())) return Error{Errc::invalid_argument, "a function's name is UTF-8, and this one is not"};
  job.function = words.front().substr(1);
  Result<std::string> arguments = function_arguments(Words{words}.subspan(1));
  if (!arguments) return arguments.error();
  job.arguments = std::move(*arguments);
  return {};
}

Result<void> SubmissionOptions::fill_command(const std::vector<std::string>& words, OwnStreams streams, SubmissionCall& call) const {
  if (words.front().empty()) return Error{Errc::invalid_argument, "the command's first word is empty: name what is to run"};
  call.job.command = words;
  Result<std::string> cwd = cwd_.empty() ? client::current_directory() : absolute(cwd_);
  if (!cwd) return cwd.error();
  call.job.cwd = std::move(*cwd);
  fill_environment(call.job);
  call.job.umask = own_umask();
  call.job.nice = nice_;
  call.job.memory_bytes = memory_bytes_;
  return pass_streams(streams, call);
}

Result<void> SubmissionOptions::pass_input(OwnStreams streams, SubmissionCall& call) const {
  Result<std::string> path = absolute(stdin_file_);
  if (!path) return path.error();
  if (is_own_descriptor(*path)) {
    if (streams == OwnStreams::none)
      return Error{Errc::invalid_argument,
                   "--stdin " + stdin_file_ + " is this process's own, and the job may start when it is gone: name a file"};
    UniqueFd file{::open(path->c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file) return errno_error("--stdin " + stdin_file_);
    lend(call, file.get(), call.job.stdin_index);
    call.opened.push_back(std::move(file));
    return {};
  }
  // The command opens it, perhaps much later; a slip of the pen is told now.
  if (::access(path->c_str(), R_OK) != 0) return errno_error("--stdin " + stdin_file_);
  call.job.stdin_file = std::move(*path);
  return {};
}

Result<void> SubmissionOptions::pass_streams(OwnStreams streams, SubmissionCall& call) const {
  if (!stdin_file_.empty()) {
    if (auto passed = pass_input(streams, call); !passed) return passed;
  } else if (streams != OwnStreams::none && is_open(STDIN_FILENO) && !is_in_background(STDIN_FILENO)) {
    lend(call, STDIN_FILENO, call.job.stdin_index);
  }
  if (!output_file_.empty()) {
    UniqueFd file{::open(output_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666)};
    if (!file) return errno_error("--output " + output_file_);
    lend(call, file.get(), call.job.stdout_index);
    lend(call, file.get(), call.job.stderr_index);
    call.opened.push_back(std::move(file));
  } else if (streams == OwnStreams::all) {
    if (is_open(STDOUT_FILENO)) lend(call, STDOUT_FILENO, call.job.stdout_index);
    if (is_open(STDERR_FILENO)) lend(call, STDERR_FILENO, call.job.stderr_index);
  }
  return {};
}

// Those that were named are behind the others, and are meant. With --clean-env they all are: that says what they are.
void SubmissionOptions::fill_environment(proto::Submission& job) const {
  std::vector<std::string> variables, named;
  if (clean_environment_) {
    for (const char* name : kKeptVariables)
      if (const char* value = std::getenv(name); value != nullptr) variables.push_back(std::string{name} + "=" + value);
  } else {
    variables = client::current_environment();
  }
  for (const std::string& variable : variables_) {
    const std::string prefix = variable.substr(0, variable.find('=') + 1);
    for (auto* list : {&variables, &named}) std::erase_if(*list, [&prefix](const std::string& old) { return old.starts_with(prefix); });
    named.push_back(variable);
  }
  job.inherited = clean_environment_ ? 0 : variables.size();
  variables.insert(variables.end(), named.begin(), named.end());
  job.environment = std::move(variables);
}

}  // namespace jobpool::cli
