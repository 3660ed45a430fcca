// The checks of single fields.
#include "proto/fields.hpp"

#include <algorithm>

#include "proto/base64.hpp"
#include "proto/utf8.hpp"

namespace jobpool::proto {
namespace {

// A key that nobody knows is named in the error up to this length; it is the peer's own.
constexpr std::size_t kMaxNamedBytes = 128;
constexpr std::string_view kTop = "parameters";  // how the whole object is named, which has no path

// nullptr unless it is a string without U+0000. That it is UTF-8 was the JSON reader's business.
const std::string* text_of(const nlohmann::json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  return text != nullptr && text->find('\0') == text->npos ? text : nullptr;
}

std::optional<std::string> decode_text(const nlohmann::json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  return text != nullptr ? decode_base64(*text) : std::nullopt;
}

std::optional<std::int64_t> integer_of(const nlohmann::json& value) {
  if (const auto* number = value.get_ptr<const std::uint64_t*>())
    return *number <= static_cast<std::uint64_t>(kMaxInteger) ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
  const auto* number = value.get_ptr<const std::int64_t*>();
  return number != nullptr ? std::optional(*number) : std::nullopt;
}

}  // namespace

Fields::Fields(const nlohmann::json& object, MessageKind kind, std::string_view path) : kind_(kind), path_(path) {
  if (object.is_null()) return;
  const auto* members = object.get_ptr<const nlohmann::json::object_t*>();
  if (members == nullptr) {
    rejected_ = path.empty() ? kTop : path;
    return;
  }
  members_.reserve(members->size());
  for (const auto& [name, value] : *members) members_.push_back({name, &value});
}

const nlohmann::json* Fields::find(std::string_view name, std::string_view suffix) {
  for (Member& member : members_) {
    if (member.name.size() != name.size() + suffix.size()) continue;
    if (!member.name.starts_with(name) || !member.name.ends_with(suffix)) continue;
    member.read = true;
    return member.value->is_null() ? nullptr : member.value;
  }
  return nullptr;
}

void Fields::reject(std::string_view name) {
  if (rejected_) return;
  rejected_ = path_;
  if (!path_.empty()) *rejected_ += '.';
  *rejected_ += utf8_prefix(name, kMaxNamedBytes);
  if (rejected_->empty()) *rejected_ = kTop;  // a field whose name is ""
}

std::optional<std::string> Fields::text(std::string_view name, std::size_t max_bytes) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const std::string* text = text_of(*value);
  if (text != nullptr && text->size() <= max_bytes) return *text;
  reject(name);
  return std::nullopt;
}

std::optional<std::string> Fields::bytes(std::string_view name, std::size_t max_bytes) {
  const nlohmann::json* twin = find(name, kTwinSuffix);
  std::optional<std::string> plain = text(name, max_bytes);
  if (twin == nullptr) return plain;
  std::optional<std::string> decoded = decode_text(*twin);
  if (!plain && decoded && decoded->size() <= max_bytes) return decoded;
  reject(std::string(name).append(kTwinSuffix));
  return std::nullopt;
}

std::optional<std::vector<std::string>> Fields::words(std::string_view name, std::size_t max_count) {
  const nlohmann::json* plain = find(name);
  const nlohmann::json* twin = find(name, kTwinSuffix);
  if (plain == nullptr && twin == nullptr) return std::nullopt;
  const auto reject_given = [&] { reject(twin == nullptr ? std::string(name) : std::string(name).append(kTwinSuffix)); };
  const auto* values = (twin == nullptr ? plain : twin)->get_ptr<const nlohmann::json::array_t*>();
  std::vector<std::string> words;
  if (values == nullptr || values->size() > max_count || (plain != nullptr && twin != nullptr)) {
    reject_given();
    return std::nullopt;
  }
  words.reserve(values->size());
  for (const nlohmann::json& value : *values) {
    const std::string* text = twin == nullptr ? text_of(value) : nullptr;
    std::optional<std::string> word = text != nullptr ? std::optional(*text) : twin != nullptr ? decode_text(value) : std::nullopt;
    if (!word) {
      reject_given();
      return std::nullopt;
    }
    words.push_back(std::move(*word));
  }
  return words;
}

std::optional<std::int64_t> Fields::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const std::optional<std::int64_t> number = integer_of(*value);
  if (number && *number >= min && *number <= max) return number;
  reject(name);
  return std::nullopt;
}

std::optional<bool> Fields::flag(std::string_view name) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (const auto* flag = value->get_ptr<const bool*>()) return *flag;
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

std::vector<JobId> Fields::ids(std::string_view name, std::size_t max_count) { return ids_of(name, array(name), 0, max_count); }

std::vector<JobId> Fields::required_ids(std::string_view name, std::size_t min_count, std::size_t max_count) {
  return ids_of(name, required_array(name), min_count, max_count);
}

std::vector<JobId> Fields::ids_of(std::string_view name, const nlohmann::json* array, std::size_t min_count, std::size_t max_count) {
  if (array == nullptr) return {};
  if (array->size() < min_count || array->size() > max_count) reject(name);
  std::vector<JobId> ids;
  for (const nlohmann::json& value : *array) {
    const std::optional<std::int64_t> number = integer_of(value);
    if (!number || *number < 1) reject(name);
    if (!is_good()) return {};
    ids.push_back(JobId{static_cast<std::uint64_t>(*number)});
  }
  return ids;
}

std::vector<std::string> Fields::texts(std::string_view name, std::size_t min_count, std::size_t max_count, std::size_t max_bytes) {
  const nlohmann::json* array = required_array(name);
  if (array == nullptr) return {};
  if (array->size() < min_count || array->size() > max_count) reject(name);
  std::vector<std::string> texts;
  for (const nlohmann::json& value : *array) {
    const std::string* text = text_of(value);
    if (text == nullptr || text->size() > max_bytes) reject(name);
    if (!is_good()) return {};
    texts.push_back(*text);
  }
  return texts;
}

const nlohmann::json* Fields::required_object(std::string_view name) {
  const nlohmann::json* value = find(name);
  if (value != nullptr && value->is_object()) return value;
  reject(name);
  return nullptr;
}

const nlohmann::json* Fields::array(std::string_view name) {
  const nlohmann::json* value = find(name);
  if (value == nullptr || value->is_array()) return value;
  reject(name);
  return nullptr;
}

const nlohmann::json* Fields::required_array(std::string_view name) {
  const nlohmann::json* value = find(name);
  if (value != nullptr && value->is_array()) return value;
  reject(name);
  return nullptr;
}

Result<void> Fields::finish() {
  const auto unknown = std::find_if(members_.begin(), members_.end(), [](const Member& member) { return !member.read; });
  if (kind_ == MessageKind::request && unknown != members_.end()) reject(unknown->name);
  if (!rejected_) return {};
  if (kind_ == MessageKind::request) return Error{Errc::invalid_argument, *rejected_};
  return Error{Errc::protocol, "reply's field '" + *rejected_ + "' is missing or not as the interface says"};
}

Result<const nlohmann::json*> only_object(const nlohmann::json& parameters, std::string_view name, MessageKind kind) {
  Fields fields(parameters, kind);
  const nlohmann::json* object = fields.required_object(name);
  if (auto checked = fields.finish(); !checked) return checked.error();
  return object;
}

}  // namespace jobpool::proto
