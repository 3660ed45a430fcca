// Parts that several messages have.
#include "proto/parts.hpp"

#include <cstdlib>

#include "proto/json_reader.hpp"

namespace jobpool::proto {
std::optional<Resources> read_resources(Fields& fields) {
  const auto user = fields.integer("userUSec", 0, kMaxInteger), system = fields.integer("systemUSec", 0, kMaxInteger);
  const auto max_rss = fields.integer("maxRssBytes", 0, kMaxInteger);
  if (!user && !system && !max_rss) return std::nullopt;
  return Resources{user.value_or(0), system.value_or(0), max_rss.value_or(0)};
}

void write_resources(ObjectWriter& object, const std::optional<Resources>& resources) {
  if (!resources) return;
  object.integer("userUSec", resources->user_usec);
  object.integer("systemUSec", resources->system_usec);
  object.integer("maxRssBytes", resources->max_rss_bytes);
}

std::optional<int> take_int(Fields& fields, std::string_view name) {
  using Limits = std::numeric_limits<int>;
  const std::optional<std::int64_t> number = fields.integer(name, Limits::min(), Limits::max());
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

std::optional<Outcome> take_outcome(Fields& fields, std::string_view name) { return take_enum(fields, name, &outcome_from); }

Outcome require_outcome(Fields& fields, std::string_view name) {
  const std::optional<Outcome> outcome = take_outcome(fields, name);
  if (!outcome) fields.reject(name);
  return outcome.value_or(Outcome::interrupted);
}

std::optional<JobState> take_state(Fields& fields, std::string_view name) { return take_enum(fields, name, &job_state_from); }

std::optional<std::uint32_t> take_worker(Fields& fields, std::string_view name) {
  const std::optional<std::int64_t> number = fields.integer(name, 0, std::numeric_limits<std::uint32_t>::max());
  return number ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
}

void write_ids_if(ObjectWriter& object, std::string_view name, const std::vector<JobId>& ids) {
  if (!ids.empty()) append_ids(object.key(name), ids);
}

void append_ids(std::string& out, const std::vector<JobId>& ids) {
  char separator = '[';
  for (const JobId id : ids) {
    out += separator;
    append_integer(out, number_of(id));
    separator = ',';
  }
  out += ids.empty() ? "[]" : "]";
}

nlohmann::json parse_own(std::string_view text) {
  nlohmann::json value;
  if (JsonReader reader(text, kMaxMessageDepth); !reader.read_value(value) || !reader.at_end()) std::abort();
  return value;
}

}  // namespace jobpool::proto
