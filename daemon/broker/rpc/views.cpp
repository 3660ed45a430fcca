// From the core's job to the protocol's.
#include "daemon/broker/rpc/views.hpp"

#include <algorithm>
#include <utility>

#include "daemon/broker/core/job_times.hpp"
#include "daemon/broker/rpc/fingerprint.hpp"

namespace jobpool::broker {
namespace {

constexpr std::size_t kMaxDescription = 200;

// Of a job, or of one of its attempts.
template <class Measured>
std::optional<proto::Resources> resources_of(const Measured& measured) {
  if (measured.max_rss_bytes == 0) return std::nullopt;  // a function is not measured
  return proto::Resources{measured.user_usec, measured.system_usec, measured.max_rss_bytes};
}

template <class Number>
std::optional<Number> unless_zero(Number number) {
  return number == 0 ? std::nullopt : std::optional{number};
}

std::string waits_for(const Job& job, const Dependencies* missing) {
  switch (job.waits_for) {
    case WaitsFor::time:
      return "a delay";
    case WaitsFor::retry:
      return "its retry";
    case WaitsFor::dependencies: {
      if (missing == nullptr || missing->empty()) return "other jobs";
      std::string text = "job " + std::to_string(missing->back().job.value);
      if (missing->size() > 1) text += " and " + std::to_string(missing->size() - 1) + " more";
      return text;
    }
    case WaitsFor::nothing:
      break;
  }
  return {};
}

proto::Attempt attempt_view(const Attempt& attempt) {
  proto::Attempt view;
  view.number = static_cast<int>(attempt.number);
  view.worker = unless_zero(attempt.worker.value);
  view.pid = unless_zero(attempt.pid);
  if (attempt.ready_usec > 0) view.ready_usec = attempt.ready_usec;
  view.started_usec = unless_zero(attempt.started_usec);
  view.ended_usec = unless_zero(attempt.ended_usec);
  view.outcome = attempt.outcome;
  view.exit_code = attempt.exit_code;
  view.signal = attempt.signal;
  view.resources = resources_of(attempt);
  view.reason = attempt.reason;
  view.error_type = attempt.error_type;
  return view;
}

// Of one that has ended and must not be told yet: as long as it ran.
Attempt begun_only(const Attempt& attempt) {
  Attempt begun;
  begun.number = attempt.number;
  begun.worker = attempt.worker;
  begun.pid = attempt.pid;
  begun.ready_usec = attempt.ready_usec;
  begun.started_usec = attempt.started_usec;
  return begun;
}

bool has_untold_end(const Job& job) { return job.state == JobState::done && !job.settled; }

bool needs_no_quotes(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view{"%+,-./:=@_"}.find(c) != std::string_view::npos;
}

void append_word(std::string& line, std::string_view word) {
  if (!line.empty()) line += ' ';
  if (!word.empty() && std::ranges::all_of(word, needs_no_quotes)) {
    line += word;
    return;
  }
  line += '\'';
  for (const char c : word) {
    if (c == '\'')
      line += "'\\''";
    else
      line += c;
  }
  line += '\'';
}

// Not in the middle of a UTF-8 character, and with a mark that something is missing.
void cut(std::string& text) {
  if (text.size() <= kMaxDescription) return;
  std::size_t end = kMaxDescription - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  text += "…";
}

// `arguments`: JSON text of an array, written here without its brackets.
void write_call(std::string_view before, std::string_view function, std::string_view arguments, std::string& text) {
  if (arguments.size() >= 2 && arguments.front() == '[') arguments = arguments.substr(1, arguments.size() - 2);
  arguments = arguments.substr(0, kMaxDescription);
  text.clear();
  text.reserve(before.size() + function.size() + arguments.size() + 2);
  text += before;
  text += function;
  text += '(';
  text += arguments;
  text += ')';
  cut(text);
}

}  // namespace

JobState shown_state(const Job& job, const JobCore& core) {
  if (has_untold_end(job)) return JobState::running;
  return core.is_held_back(job) ? JobState::waiting : job.state;
}

std::string condition_of(const Job& job, const JobCore& core) {
  if (core.is_held_back(job)) return "its pool, which is paused";
  return job.state == JobState::waiting ? waits_for(job, core.dependencies(job.id)) : std::string{};
}

proto::Job job_view(const Job& job, const JobCore& core) {
  const Dependencies* missing = core.dependencies(job.id);
  proto::Job view;
  view.id = job.id;
  view.pool = core.pools().at(job.pool).record.settings.name;
  view.name = job.name;
  view.description = job.description;
  view.state = shown_state(job, core);
  view.attempt = static_cast<int>(job.attempt);
  if (job.state == JobState::ready && job.attempt_open) --view.attempt;  // offered is not started
  view.submitted_usec = job.submitted_usec;
  if (job.worker_number.value > 0 && job.state != JobState::ready) view.worker = job.worker_number.value;
  if (job.pid > 0) view.pid = job.pid;
  if (job.started_usec > 0) view.started_usec = job.started_usec;
  if (!has_untold_end(job)) view.reason = job.reason;
  view.durable = job.flags.durable;
  view.priority = job.priority;
  view.retries = job.retries;
  if (job.not_before_usec > 0) view.not_before_usec = job.not_before_usec;
  view.key = job.key;
  if (const JobId retried = core.notes(job.id).retry_of; retried.value > 0) view.retry_of = retried;
  view.waiting_for = condition_of(job, core);
  if (missing != nullptr)
    for (auto one = missing->rbegin(); one != missing->rend(); ++one) {
      const bool any_end = one->needs == Dependency::Needs::end, success = one->needs == Dependency::Needs::success;
      (any_end ? view.after_any : success ? view.after : view.after_failed).push_back(one->job);
    }
  if (!job.settled) return view;
  view.outcome = job.outcome;
  view.exit_code = job.exit_code;
  view.signal = job.signal;
  view.error_type = job.error_type;
  view.ended_usec = job.ended_usec;
  view.resources = resources_of(job);
  return view;
}

void add_times(proto::Job& view, const Job& job, const JobCore& core, std::int64_t now_usec, std::int64_t blocked_since_usec,
               WithHistory history) {
  JobTimes times =
      times_of(job, core.pools().at(job.pool).pauses, now_usec, history == WithHistory::yes ? History::wanted : History::not_wanted);
  if (blocked_since_usec > 0 && times.running && times.waiting) {
    const Microseconds blocked = std::clamp(Microseconds{now_usec - blocked_since_usec}, Microseconds{0}, *times.running);
    *times.running -= blocked;
    *times.waiting += blocked;
  }
  const auto count = [](const std::optional<Microseconds>& time) { return time ? std::optional{time->count()} : std::nullopt; };
  view.since_usec = blocked_since_usec > 0 ? blocked_since_usec : times.since_usec;
  view.ready_time_usec = count(times.ready);
  view.running_time_usec = count(times.running);
  view.waiting_time_usec = count(times.waiting);
  for (const Period& period : times.history) view.history.push_back({period.state, period.begin_usec, period.end_usec});
}

std::vector<proto::Attempt> attempts_view(const Job& job) {
  std::vector<proto::Attempt> all;
  for (const Attempt& attempt : job.earlier) all.push_back(attempt_view(attempt));
  const bool has_started = job.state == JobState::running || job.state == JobState::done;
  if (!has_started || job.attempt <= (job.earlier.empty() ? 0 : job.earlier.back().number)) return all;
  Attempt last = attempt_of(job);
  if (job.settled) last.outcome = job.outcome;
  all.push_back(attempt_view(has_untold_end(job) ? begun_only(last) : last));
  return all;
}

proto::Ending ending_view(const Job& job, std::string result) {
  proto::Ending view;
  view.id = job.id;
  view.outcome = job.outcome;
  view.exit_code = job.exit_code;
  view.signal = job.signal;
  view.reason = job.reason;
  view.error_type = job.error_type;
  view.resources = resources_of(job);
  if (!result.empty() && job.kind == shm::JobKind::function) view.result = std::move(result);
  return view;
}

bool has_returned(const Job& job) {
  return job.outcome == Outcome::succeeded && job.kind == shm::JobKind::function && !job.exit_code && !job.signal && job.reason.empty() &&
         job.error_type.empty() && !resources_of(job);
}

proto::Ending lost_ending(JobId id) {
  proto::Ending view;
  view.id = id;
  view.outcome = Outcome::interrupted;
  view.reason =
      "no record is left of job " + std::to_string(id.value) + ": it was removed or forgotten, or it was ephemeral and its broker died";
  return view;
}

std::string_view describe_chunk(std::string_view function, std::string_view items, std::string& room) {
  write_call("map @", function, items, room);
  return room;
}

std::string describe(const proto::Submission& submission) {
  std::string line;
  if (submission.function) {
    const bool is_chunk = submission.items.has_value();
    write_call(is_chunk ? "map @" : "@", *submission.function, is_chunk ? *submission.items : arguments_of(submission), line);
    return line;
  }
  for (const std::string& word : submission.command) {
    if (line.size() > kMaxDescription) break;
    append_word(line, std::string_view{word}.substr(0, kMaxDescription));
  }
  cut(line);
  return line;
}

}  // namespace jobpool::broker
