// Parts that several messages have: outcomes, resources, small integers, lists of ids. Private to this folder.
#pragma once

#include "proto/fields.hpp"
#include "proto/json_writer.hpp"
#include "proto/messages.hpp"

namespace jobpool::proto {

inline constexpr int kMaxDescriptors = 16;  // in one message

// Present when one of their three fields is.
std::optional<Resources> read_resources(Fields& fields);
void write_resources(ObjectWriter& object, const std::optional<Resources>& resources);

// An integer that fits an int: exit codes, signals, process ids.
std::optional<int> take_int(Fields& fields, std::string_view name);

// An enum that travels by its name. nullopt: absent, or rejected as a name that `from_name` does not know.
template <class Enum>
std::optional<Enum> take_enum(Fields& fields, std::string_view name, std::optional<Enum> (*from_name)(std::string_view)) {
  std::string text;
  if (!fields.text_into(name, text)) return std::nullopt;
  const std::optional<Enum> value = from_name(text);
  if (!value) fields.reject(name);
  return value;
}

std::optional<Outcome> take_outcome(Fields& fields, std::string_view name);
Outcome require_outcome(Fields& fields, std::string_view name);
std::optional<JobState> take_state(Fields& fields, std::string_view name);
std::optional<std::uint32_t> take_worker(Fields& fields, std::string_view name);

// The object of a submission, at "job".
Result<Submission> read_submission(JsonText object);
void append_submission(std::string& out, const Submission& job);
// The object of an ending, there.
// Errors: as Fields::finish(); then `ending` is of no use.
Result<void> read_ending_object(JsonText object, std::string_view path, Ending& ending);
// `large_result`: stands for the result that it has not, where it is not empty.
// Else as append_ending_parameters().
void append_ending(std::string& out, const Ending& ending, std::string_view large_result, PassOn pass_on);
// The commonest of endings by far, of a function that returned: only an id, and a result.
void append_return(std::string& out, JobId id, std::string_view result, PassOn pass_on);
class AsWritten;
// False: it is another; `ending` is as it was.
bool take_return(AsWritten& text, Ending& ending);
// That of a process, at "target": what runs, and in which surroundings.
Result<Submission> read_target(JsonText object);
// When a job runs, and how often: part of a submission.
void take_terms(Fields& fields, Submission& job);
void write_terms(ObjectWriter& object, const Submission& job);

// One of Show's attempts.
Attempt read_attempt(Fields& fields);
void append_attempt(std::string& out, const Attempt& attempt);
// One period of its history.
Period read_period(Fields& fields);
void append_period(std::string& out, const Period& period);

// What Status says of each pool, and Pool.Show too.
void take_pool_status(Fields& fields, PoolStatus& pool);
void write_pool_status(ObjectWriter& object, const PoolStatus& pool);

// What Stats and Metrics say of each pool.
struct PoolStats;
Result<PoolStats> read_pool_stats(JsonText object, std::string_view path);
void append_pool_stats(std::string& out, const PoolStats& pool);

inline constexpr std::size_t kMaxNameBytes = 256;  // of a job, a pool, a function: names are kept for as long as the job is remembered

inline std::int64_t number_of(JobId id) { return static_cast<std::int64_t>(id.value); }
void append_ids(std::string& out, const std::vector<JobId>& ids);
void write_ids_if(ObjectWriter& object, std::string_view name, const std::vector<JobId>& ids);  // left out when there are none

// What was read, unless a field was off.
template <class Message>
Result<std::remove_cvref_t<Message>> finished(Fields& fields, Message&& message) {
  if (auto checked = fields.finish(); !checked) return checked.error();
  return std::forward<Message>(message);
}

// One object, whose fields write(ObjectWriter&) writes.
template <class Write>
std::string written(Write&& write) {
  std::string out;
  ObjectWriter object(out);
  write(object);
  object.close();
  return out;
}

// The value of JSON text that this folder wrote. Aborts when it is none: our own writer is broken then.
nlohmann::json parse_own(std::string_view text);

}  // namespace jobpool::proto
