// The checks of single fields.
#include "proto/fields.hpp"

#include <algorithm>
#include <utility>

#include "proto/base64.hpp"
#include "proto/utf8.hpp"

namespace jobpool::proto {
namespace {

// A key that nobody knows is named in the error up to this length; it is the peer's own.
constexpr std::size_t kMaxNamedBytes = 128;
constexpr std::string_view kTop = "parameters";  // how the whole object is named, which has no path

std::optional<std::string> decode_text(JsonText value) {
  const std::optional<std::string> text = value.string();
  return text ? decode_base64(*text) : std::nullopt;
}

// By which it is seen that there are more than so many.
constexpr std::size_t one_more(std::size_t count) { return count == kAnyLength ? count : count + 1; }

}  // namespace

Fields::Fields(JsonText object, MessageKind kind, std::string_view path) : kind_(kind), path_(path) {
  if (object.is_null()) return;
  if (!object.is_object()) {
    rejected_ = path.empty() ? kTop : path;
    return;
  }
  members_.reserve(kUsualMembers);
  object.each_member([&](std::string_view name, JsonText value) {
    if (name.find('\\') != name.npos) name = *escaped_names_.emplace_back(std::make_unique<std::string>(JsonText::unescaped(name)));
    members_.push_back({name, value});
    ++unread_;
    if (!name.empty()) likely_ |= trait(name.front(), name.size());
    return kind_ == MessageKind::reply || members_.size() < kMaxMembers;
  });
}

std::optional<JsonText> Fields::find_among(std::string_view name, std::string_view suffix) {
  const Member* found = nullptr;
  for (Member& member : members_) {
    if (member.name.size() != name.size() + suffix.size()) continue;
    if (!member.name.starts_with(name) || !member.name.ends_with(suffix)) continue;
    if (found != nullptr) reject(member.name);
    if (!std::exchange(member.read, true)) --unread_;
    found = &member;
  }
  if (found == nullptr || found->value.is_null()) return std::nullopt;
  return found->value;
}

void Fields::reject(std::string_view name) {
  if (rejected_) return;
  rejected_ = path_;
  if (!path_.empty()) *rejected_ += '.';
  *rejected_ += utf8_prefix(name, kMaxNamedBytes);
  if (rejected_->empty()) *rejected_ = kTop;  // a field whose name is ""
}

std::optional<std::string> Fields::text(std::string_view name, std::size_t max_bytes, LongRuns* runs) {
  std::optional<std::string> text(std::in_place);
  if (!text_into(name, *text, max_bytes, runs)) text.reset();
  return text;
}

bool Fields::text_into(std::string_view name, std::string& value, std::size_t max_bytes, LongRuns* runs) {
  const std::optional<JsonText> given = find(name);
  if (!given) return false;
  value.clear();
  if (given->append_protocol_text(value, runs) && value.size() <= max_bytes) return true;
  reject(name);
  return false;
}

std::optional<std::string_view> Fields::large_text(std::string_view name, std::size_t least) {
  const auto is_it = [&](const Member& member) { return member.name == name && member.value.written_string().size() >= least; };
  if (std::none_of(members_.begin(), members_.end(), is_it)) return std::nullopt;
  const std::optional<JsonText> found = find(name);
  return found ? std::optional(found->written_string()) : std::nullopt;
}

std::optional<std::string> Fields::bytes(std::string_view name, std::size_t max_bytes) {
  const std::optional<JsonText> twin = find(name, kTwinSuffix);
  std::optional<std::string> plain = text(name, max_bytes);
  if (!twin) return plain;
  std::optional<std::string> decoded = decode_text(*twin);
  if (!plain && decoded && decoded->size() <= max_bytes) return decoded;
  reject(std::string(name).append(kTwinSuffix));
  return std::nullopt;
}

std::optional<std::vector<std::string>> Fields::words(std::string_view name, std::size_t max_count) {
  const std::optional<JsonText> plain = find(name), twin = find(name, kTwinSuffix);
  if (!plain && !twin) return std::nullopt;
  const auto off = [&] { reject(twin ? std::string(name).append(kTwinSuffix) : std::string(name)); };
  const JsonText given = twin ? *twin : *plain;
  const JsonTexts values = given.is_array() ? given.elements(one_more(max_count)) : JsonTexts{};
  std::vector<std::string> words;
  if (!given.is_array() || values.size() > max_count || (plain && twin)) {
    off();
    return std::nullopt;
  }
  words.reserve(values.size());
  for (const JsonText value : values) {
    std::optional<std::string> word = twin ? decode_text(value) : value.protocol_text();
    if (!word) {
      off();
      return std::nullopt;
    }
    words.push_back(*std::move(word));
  }
  return words;
}

std::optional<std::int64_t> Fields::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const std::optional<JsonText> value = find(name);
  if (!value) return std::nullopt;
  const std::optional<std::int64_t> number = value->integer();
  if (number && *number >= min && *number <= max) return number;
  reject(name);
  return std::nullopt;
}

std::optional<bool> Fields::flag(std::string_view name) {
  const std::optional<JsonText> value = find(name);
  if (!value) return std::nullopt;
  if (const std::optional<bool> flag = value->boolean()) return flag;
  reject(name);
  return std::nullopt;
}

std::optional<Microseconds> Fields::duration(std::string_view name, Microseconds max) {
  const std::optional<std::int64_t> usec = integer(name, 0, max.count());
  return usec ? std::optional(Microseconds(*usec)) : std::nullopt;
}

template <class Value>
Value Fields::required(std::string_view name, std::optional<Value> value) {
  if (value) return std::move(*value);
  reject(name);
  return {};
}

std::string Fields::required_text(std::string_view name, std::size_t max_bytes) { return required(name, text(name, max_bytes)); }

std::int64_t Fields::required_integer(std::string_view name, std::int64_t min, std::int64_t max) {
  return required(name, integer(name, min, max));
}

bool Fields::required_flag(std::string_view name) { return required(name, flag(name)); }

std::vector<JobId> Fields::ids(std::string_view name, std::size_t max_count) { return ids_of(name, array(name, max_count), 0); }

std::vector<JobId> Fields::required_ids(std::string_view name, std::size_t min_count, std::size_t max_count) {
  return ids_of(name, required_array(name, max_count), min_count);
}

std::vector<JobId> Fields::ids_of(std::string_view name, const std::optional<JsonTexts>& array, std::size_t min_count) {
  if (!array) return {};
  if (array->size() < min_count) reject(name);
  std::vector<JobId> ids;
  for (const JsonText value : *array) {
    const std::optional<std::int64_t> number = value.integer();
    if (!number || *number < 1) reject(name);
    if (!is_good()) return {};
    ids.push_back(JobId{static_cast<std::uint64_t>(*number)});
  }
  return ids;
}

std::vector<std::string> Fields::texts(std::string_view name, std::size_t min_count, std::size_t max_count, std::size_t max_bytes) {
  const std::optional<JsonTexts> array = required_array(name, max_count);
  if (!array) return {};
  if (array->size() < min_count) reject(name);
  std::vector<std::string> texts;
  for (const JsonText value : *array) {
    std::optional<std::string> text = value.protocol_text();
    if (!text || text->size() > max_bytes) reject(name);
    if (!is_good()) return {};
    texts.push_back(*std::move(text));
  }
  return texts;
}

std::optional<JsonText> Fields::required_object(std::string_view name) {
  const std::optional<JsonText> value = find(name);
  if (value && value->is_object()) return value;
  reject(name);
  return std::nullopt;
}

std::optional<JsonTexts> Fields::array(std::string_view name, std::size_t max_count) {
  const std::optional<JsonText> value = find(name);
  if (!value) return std::nullopt;
  if (value->is_array()) {
    std::optional<JsonTexts> elements = value->elements(one_more(max_count));
    if (elements->size() <= max_count) return elements;
  }
  reject(name);
  return std::nullopt;
}

std::optional<JsonTexts> Fields::required_array(std::string_view name, std::size_t max_count) {
  std::optional<JsonTexts> array = this->array(name, max_count);
  if (!array) reject(name);
  return array;
}

std::optional<JsonText> Fields::required_array_text(std::string_view name) {
  const std::optional<JsonText> value = find(name);
  if (value && value->is_array()) return value;
  reject(name);
  return std::nullopt;
}

Result<void> Fields::finish() {
  if (kind_ == MessageKind::request && has_more())
    reject(std::find_if(members_.begin(), members_.end(), [](const Member& member) { return !member.read; })->name);
  if (!rejected_) return {};
  if (kind_ == MessageKind::request) return Error{Errc::invalid_argument, *rejected_};
  return Error{Errc::protocol, "reply's field '" + *rejected_ + "' is missing or not as the interface says"};
}

Result<JsonText> only_object(JsonText parameters, std::string_view name, MessageKind kind) {
  // Told without Fields, which name what is off, where nothing is.
  std::optional<JsonText> only;
  std::size_t members = 0;
  if (parameters.is_object())
    parameters.each_member([&](std::string_view key, JsonText value) {
      ++members;
      if (key == name && value.is_object()) only = value;
      return members == 1;
    });
  if (only && members == 1) return *only;
  Fields fields(parameters, kind);
  const std::optional<JsonText> object = fields.required_object(name);
  if (auto checked = fields.finish(); !checked) return checked.error();
  return *object;
}

}  // namespace jobpool::proto
