// From a Submission to the core's Submit: what apply and apply_async share. Everything the caller said is checked here or in proto/.
#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <optional>
#include <utility>

#include "common/job/spec.hpp"
#include "daemon/broker/rpc/verbs.hpp"
#include "daemon/broker/rpc/views.hpp"

namespace jobpool::broker {
namespace {

// What a command gets whose submitter sent no environment: enough to find programs and a home, nothing of the daemon's own.
std::vector<std::string> clean_environment() {
  static const std::vector<std::string> kClean = [] {
    std::vector<std::string> environment;
    const passwd* user = ::getpwuid(::getuid());
    const auto add = [&](const char* name, const char* fallback) {
      const char* value = std::getenv(name);
      if (value == nullptr) value = fallback;
      if (value != nullptr) environment.push_back(std::string{name} + "=" + value);
    };
    add("PATH", "/usr/local/bin:/usr/bin:/bin");
    add("HOME", user != nullptr ? user->pw_dir : "/");
    add("USER", user != nullptr ? user->pw_name : nullptr);
    add("LOGNAME", user != nullptr ? user->pw_name : nullptr);
    add("SHELL", "/bin/sh");
    add("LANG", nullptr);
    return environment;
  }();
  return kClean;
}

// The descriptors of a submission in the order of its streams. Errors: invalid_argument, naming the field.
Result<std::vector<UniqueFd>> take_streams(const proto::Submission& job, std::vector<UniqueFd>& passed) {
  std::vector<UniqueFd> streams;
  const std::pair<const char*, std::optional<int>> wanted[] = {
      {"job.stdin", job.stdin_index}, {"job.stdout", job.stdout_index}, {"job.stderr", job.stderr_index}};
  for (const auto& [field, index] : wanted) {
    if (!index) continue;
    if (static_cast<std::size_t>(*index) >= passed.size()) return Error{Errc::invalid_argument, field};
    // A duplicate, since stdout and stderr may name the same one.
    UniqueFd stream{::fcntl(passed[static_cast<std::size_t>(*index)].get(), F_DUPFD_CLOEXEC, 3)};
    if (!stream) return errno_error(field);
    streams.push_back(std::move(stream));
  }
  return streams;
}

std::string command_payload(proto::Submission& job) {
  CommandSpec spec;
  spec.passes_stdin = job.stdin_index.has_value();
  spec.passes_stdout = job.stdout_index.has_value();
  spec.passes_stderr = job.stderr_index.has_value();
  spec.umask = static_cast<std::uint32_t>(job.umask);
  spec.nice = job.nice;
  spec.grace = std::chrono::duration_cast<std::chrono::milliseconds>(job.grace);
  spec.cwd = std::move(job.cwd);
  spec.stdin_file = std::move(job.stdin_file);
  spec.pool = job.pool;
  spec.argv = std::move(job.command);
  spec.environment = job.environment ? std::move(*job.environment) : clean_environment();
  return encode_spec(spec);
}

std::string invalid_job(std::string_view field, std::string_view reason) {
  std::string first = proto::one_field("field", field);
  return first.substr(0, first.size() - 1) + "," + proto::one_field("reason", reason).substr(1);
}

}  // namespace

void Verbs::submit(CallPtr call, Mode mode) {
  auto read = proto::read_submit(call->envelope.parameters);
  if (!read) return invalid_parameter(*call, read.error());
  proto::Submission& job = *read;
  if (job.pool != proto::kDefaultPool) return call->error(proto::error::kNoSuchPool, proto::one_field("pool", job.pool));
  auto streams = take_streams(job, call->fds);
  if (!streams)
    return call->error(proto::error::kInvalidJob, invalid_job(streams.error().text, "no descriptor of that index came with the call"));
  call->fds = std::move(*streams);
  if (job.function && !call->fds.empty())
    return call->error(proto::error::kInvalidJob, invalid_job("job.function", "a function has no streams; descriptors are for commands"));

  Submit event;
  event.token = Token{++last_token_};
  event.uid = call->peer.uid;
  event.mode = mode;
  event.kind = job.function ? shm::JobKind::function : shm::JobKind::command;
  event.flags = {job.detach, !call->fds.empty()};
  event.grace = job.grace;
  event.description = describe(job);
  event.payload = job.function ? encode_function(*job.function, job.pool, job.arguments) : command_payload(job);
  if (!job.key.empty()) event.spec_hash = std::hash<std::string_view>{}(event.payload);
  event.name = std::move(job.name);
  event.key = std::move(job.key);
  pending_.emplace(event.token, Pending{std::move(call), mode, job.detach});
  engine_.tell(std::move(event));
}

}  // namespace jobpool::broker
