// Parts that several messages have: outcomes, resources, small integers. Private to this folder.
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

std::optional<Outcome> take_outcome(Fields& fields, std::string_view name);
Outcome require_outcome(Fields& fields, std::string_view name);
std::optional<JobState> take_state(Fields& fields, std::string_view name);

inline std::int64_t number_of(JobId id) { return static_cast<std::int64_t>(id.value); }
void append_ids(std::string& out, const std::vector<JobId>& ids);

// What was read, unless a field was off.
template <class Message>
Result<Message> finished(Fields& fields, Message message) {
  if (auto checked = fields.finish(); !checked) return checked.error();
  return message;
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
