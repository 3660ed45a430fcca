// From a Submission to the core's Submit: what apply and apply_async share. Everything the caller said is checked here or in proto/.
#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "common/job/spec.hpp"
#include "daemon/broker/rpc/fingerprint.hpp"
#include "daemon/broker/rpc/large_arguments.hpp"
#include "daemon/broker/rpc/members_environment.hpp"
#include "daemon/broker/rpc/submissions.hpp"
#include "daemon/broker/rpc/verbs.hpp"
#include "daemon/broker/rpc/views.hpp"

namespace jobpool::broker {
namespace {

// Each costs time as well, in which nobody else is served: so many take a second or two.
constexpr std::size_t kMaxDependenciesTogether = 1'000'000;

// The descriptors of a submission in the order of its streams. Errors: invalid_argument, naming the field; full: there is no room for them,
// which begins at the number `end`.
Result<std::vector<UniqueFd>> take_streams(const proto::Submission& job, const Call& call, int end) {
  const std::vector<UniqueFd>& passed = call.fds;
  std::vector<UniqueFd> streams;
  const std::pair<const char*, std::optional<int>> wanted[] = {
      {"job.stdin", job.stdin_index}, {"job.stdout", job.stdout_index}, {"job.stderr", job.stderr_index}};
  for (const auto& [field, index] : wanted) {
    if (!index) continue;
    if (call.lost_fds) return Error{Errc::full, field};
    if (static_cast<std::size_t>(*index) >= passed.size()) return Error{Errc::invalid_argument, field};
    // A duplicate, since stdout and stderr may name the same one.
    UniqueFd stream{::fcntl(passed[static_cast<std::size_t>(*index)].get(), F_DUPFD_CLOEXEC, 3)};
    if (!stream || stream.get() >= end) return Error{Errc::full, field};
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
  spec.memory_bytes = static_cast<std::uint64_t>(job.memory_bytes.value_or(0));
  spec.grace = std::chrono::duration_cast<std::chrono::milliseconds>(job.grace);
  spec.cwd = std::move(job.cwd);
  spec.stdin_file = std::move(job.stdin_file);
  spec.pool = job.pool;
  spec.argv = std::move(job.command);
  spec.environment = job.environment ? std::move(*job.environment) : clean_environment();
  return encode_spec(spec);
}

// In their order; named twice is as once.
Dependencies dependencies_of(const proto::Submission& job) {
  Dependencies all;
  const auto take = [&](const std::vector<JobId>& jobs, Dependency::Needs needs) {
    std::unordered_set<JobId> known;
    for (const JobId id : jobs)
      if (known.insert(id).second) all.push_back({id, needs});
  };
  take(job.after, Dependency::Needs::success);
  take(job.after_any, Dependency::Needs::end);
  take(job.after_failed, Dependency::Needs::failure);
  return all;
}

std::size_t dependency_count(const proto::Submission& job) { return job.after.size() + job.after_any.size() + job.after_failed.size(); }

SharedText function_payload(const proto::Submission& job) {
  const std::string& arguments = job.items ? *job.items : job.arguments;
  return SharedText::written(function_head_bytes(*job.function, job.pool) + arguments.size(), [&](char* room) {
    room = write_function_head(room, *job.function, job.pool, arguments.size(), job.items ? FunctionShape::chunk : FunctionShape::call);
    std::copy(arguments.begin(), arguments.end(), room);
  });
}

// `large`: what it was read with, or null.
bool is_read_to(const LargeArguments* large, const proto::Submission& job) { return large != nullptr && !job.large_arguments.empty(); }

std::uint64_t fingerprint_of(const proto::Submission& job, const LargeArguments* large) {
  return is_read_to(large, job) ? large->fingerprint_of(job) : hash_of(job);
}

}  // namespace

std::string invalid_job(std::string_view field, std::string_view reason) {
  std::string first = proto::one_field("field", field);
  return first.substr(0, first.size() - 1) + "," + proto::one_field("reason", reason).substr(1);
}

std::string refusal_by_threads(shm::JobKind kind, const CorePool& pool) {
  if (kind == shm::JobKind::function || pool.record.settings.threads <= 1) return {};
  return invalid_job("job.command", "pool '" + pool.record.settings.name +
                                        "' runs functions, in threads of its workers; commands need a pool without --threads");
}

std::string refusal_by_dependencies(const proto::Submission& job, std::size_t chunks) {
  const std::size_t each = dependency_count(job);
  if (each * chunks <= kMaxDependenciesTogether) return {};
  return invalid_job("job.after", std::to_string(chunks) + " chunks that come after " + std::to_string(each) + " jobs each are " +
                                      std::to_string(each * chunks) + " dependencies, and one call may have " +
                                      std::to_string(kMaxDependenciesTogether) +
                                      "; submit one job that comes after those, and the chunks after that one");
}

std::uint64_t bytes_of_chunks(const proto::Submission& job, std::size_t chunks) {
  constexpr std::uint64_t kJobBytes = 1024;
  std::uint64_t of_each = kJobBytes + job.cwd.size() + kDependencyBytes * dependency_count(job);
  if (job.environment)
    for (const std::string& assignment : *job.environment) of_each += assignment.size() + 8;
  return of_each * chunks;
}

// All of it but what the call and its connection say.
Submit event_of(proto::Submission& job, Mode mode, LargeArguments* large) {
  Submit event;
  event.mode = mode;
  event.kind = kind_of(job);
  event.flags.detach = job.detach;
  event.priority = static_cast<std::int16_t>(job.priority);
  event.retries = static_cast<std::uint16_t>(job.retries);
  event.grace = job.grace;
  event.timeout = job.timeout;
  event.backoff = job.backoff;
  if (job.at_usec || job.delay > Microseconds{0}) event.not_before_usec = job.at_usec ? *job.at_usec : wall_usec() + job.delay.count();
  event.if_full = job.if_full.value_or(mode == Mode::apply ? proto::IfFull::block : proto::IfFull::fail) == proto::IfFull::block
                      ? IfFull::block
                      : IfFull::fail;
  event.after = dependencies_of(job);
  event.description = describe(job);
  if (!job.key.empty()) event.spec_hash = fingerprint_of(job, large);
  event.payload = is_read_to(large, job) ? std::move(*large).payload(job)
                  : job.function         ? function_payload(job)
                                         : SharedText{command_payload(job)};
  event.name = job.name;
  event.key = job.key;
  return event;
}

void Verbs::submit(const CallPtr& call, Mode mode) {
  LargeArguments large;
  auto read = proto::read_submit_to(call->envelope.parameters, large);
  if (!read) return invalid_parameter(*call, read.error());
  submit(call, std::move(*read), mode, Asker::pool, &large);
}

void Verbs::submit(const CallPtr& call, proto::Submission&& job, Mode mode, Asker asker, LargeArguments* large) {
  const CorePool* pool = engine_.core().pools().find(job.pool);
  if (pool == nullptr) return no_such_pool(*call, job.pool);
  if (const std::string refused = refusal_by_threads(kind_of(job), *pool); !refused.empty())
    return call->error(proto::error::kInvalidJob, refused);
  auto streams = take_streams(job, *call, surroundings_.end_of_passed_fds);
  if (!streams) return refuse_streams(*call, job, streams.error());
  call->fds = std::move(*streams);
  if (job.function && !call->fds.empty())
    return call->error(proto::error::kInvalidJob, invalid_job("job.function", "a function has no streams; descriptors are for commands"));

  if (job.durable.value_or(false) && !call->fds.empty())
    return call->error(proto::error::kInvalidJob, invalid_job("job.durable", "the caller's descriptors do not outlive it"));

  keep_to_account(job, call->peer);
  const std::optional<std::uint64_t> earlier = earlier_fingerprint(job, call->peer.uid, large);  // while all of it is there
  Submit event = event_of(job, mode, large);
  if (earlier) event.spec_hash = *earlier;
  event.token = Token{++last_token_};
  event.pool = pool->record.number;
  event.uid = call->peer.uid;
  event.flags.has_descriptors = !call->fds.empty();
  event.flags.durable = job.durable.value_or(mode == Mode::apply_async && call->fds.empty());
  if (call->envelope.oneway) event.flags.detach = true;  // nobody comes back for it
  const Token token = event.token;
  pending_.emplace(token, Pending{call, mode, event.key, job.pool, asker});
  engine_.tell(std::move(event));
  // Not answered yet: it waits for room, or for its commit.
  if (pending_.contains(token)) call->on_hangup = [this, token] { withdraw(token); };
}

void Verbs::refuse_streams(Call& call, const proto::Submission& job, const Error& error) const {
  if (error.code != Errc::full)
    return call.error(proto::error::kInvalidJob, invalid_job(error.text, "no descriptor of that index came with the call"));
  no_room_for_descriptors(call, job.pool);
}

void Verbs::no_room_for_descriptors(Call& call, std::string_view pool) const {
  queue_full(call, pool, static_cast<std::size_t>(surroundings_.end_of_passed_fds),
             "as many descriptors are open as may be with jobs; those of jobs that wait for a worker are among them");
}

// The job of that key may have its fingerprint from an earlier version, by way of the store or the ledger. nullopt: it has not.
std::optional<std::uint64_t> Verbs::earlier_fingerprint(const proto::Submission& job, uid_t uid, const LargeArguments* large) const {
  const Job* known = job.key.empty() ? nullptr : engine_.core().find_key(uid, job.key);
  if (known == nullptr || known->spec_hash == fingerprint_of(job, large) || !is_earlier_fingerprint(known->spec_hash, job))
    return std::nullopt;
  return known->spec_hash;
}

bool Verbs::is_wanted(const Job& job) const {
  const auto wants = [&](const auto& entry) {
    const Pending& pending = entry.second;
    return pending.key == job.key && pending.call->peer.uid == job.uid;
  };
  const auto expects = [&](const auto& entry) { return entry.second.expects(job); };
  return job.flags.detach || appliers_.count(job.id) > 0 ||
         (!job.key.empty() && (std::ranges::any_of(pending_, wants) || std::ranges::any_of(chunk_calls_, expects)));
}

void Verbs::cancel_if_unwanted(JobId id, std::string_view reason) {
  if (const Job* job = engine_.core().find(id); job != nullptr && !is_wanted(*job))
    engine_.tell(Cancel{id, Cancel::Haste::grace, std::string{reason}});
}

void Verbs::withdraw(Token token) {
  if (pending_.erase(token) == 0) return;
  abandoned_.insert(token);
  engine_.tell(Withdraw{token});
}

}  // namespace jobpool::broker
