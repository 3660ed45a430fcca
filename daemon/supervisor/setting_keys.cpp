// The table, and what is checked of each value. See setting_keys.hpp.
#include "daemon/supervisor/setting_keys.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <optional>

namespace jobpool::supervisor {
namespace {

// Longer than any sensible stop; systemd's TimeoutStopSec ends it before.
constexpr std::int64_t kMaxDrainSeconds = 24 * 60 * 60;

// The broker has all of them in memory, at about 400 bytes each and what they carry.
constexpr std::int64_t kMaxJobs = 100'000'000;

// A hundred years.
constexpr std::int64_t kMaxKeptSeconds = std::int64_t{100} * 366 * 24 * 60 * 60;

// 1 EiB: more than a file system holds.
constexpr std::int64_t kMaxOutputBytes = std::int64_t{1} << 60;

constexpr std::array<std::string_view, 6> kLogLevels{"trace", "debug", "info", "warn", "error", "off"};

using SettingKind = SettingKey::Kind;
using WhenChanged = SettingKey::Change;

constexpr SettingKey text_key(std::string_view name, WhenChanged change, void (*set)(Wishes&, std::string),
                              std::span<const std::string_view> words = {}) {
  return {.name = name, .kind = SettingKind::text, .change = change, .words = words, .set_text = set};
}
constexpr SettingKey number_key(std::string_view name, std::int64_t least, std::int64_t most, void (*set)(Wishes&, std::int64_t)) {
  return {.name = name, .kind = SettingKind::number, .change = WhenChanged::reload, .least = least, .most = most, .set_number = set};
}

// No limit is 0: a queue that takes nothing, or a result that is gone before anybody could ask for it, is nobody's wish.
const std::array<SettingKey, 13> kSettings{
    text_key("socket", WhenChanged::start, [](Wishes& wishes, std::string value) { wishes.socket = std::move(value); }),
    text_key("state_dir", WhenChanged::start, [](Wishes& wishes, std::string value) { wishes.state_dir = std::move(value); }),
    number_key("workers", 0, kMaxWorkers, [](Wishes& wishes, std::int64_t value) { wishes.workers = static_cast<std::uint32_t>(value); }),
    number_key("spare_workers", 0, kMaxSpareWorkers,
               [](Wishes& wishes, std::int64_t value) { wishes.spare_workers = static_cast<std::uint32_t>(value); }),
    SettingKey{.name = "plugin_dirs",
               .kind = SettingKind::texts,
               .change = WhenChanged::reload,
               .set_texts = [](Wishes& wishes, std::vector<std::string> values) { wishes.plugin_dirs = std::move(values); }},
    text_key(
        "log_level", WhenChanged::reload, [](Wishes& wishes, std::string value) { wishes.log_level = std::move(value); }, kLogLevels),
    number_key("drain_seconds", 0, kMaxDrainSeconds,
               [](Wishes& wishes, std::int64_t value) { wishes.drain_time = std::chrono::seconds{value}; }),
    number_key("queue_limit", 1, kMaxJobs,
               [](Wishes& wishes, std::int64_t value) { wishes.limits.queue = static_cast<std::uint64_t>(value); }),
    number_key("queue_limit_per_user", 1, kMaxJobs,
               [](Wishes& wishes, std::int64_t value) { wishes.limits.queue_per_user = static_cast<std::uint64_t>(value); }),
    number_key("keep_ended_count", 1, kMaxJobs,
               [](Wishes& wishes, std::int64_t value) { wishes.limits.kept_count = static_cast<std::uint64_t>(value); }),
    number_key("keep_ended_seconds", 1, kMaxKeptSeconds,
               [](Wishes& wishes, std::int64_t value) { wishes.limits.kept_for = std::chrono::seconds{value}; }),
    number_key("output_limit_bytes", 1, kMaxOutputBytes,
               [](Wishes& wishes, std::int64_t value) { wishes.limits.output = static_cast<std::uint64_t>(value); }),
    text_key("access_group", WhenChanged::reload, [](Wishes& wishes, std::string value) { wishes.access_group = std::move(value); }),
};

std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

Error bad_value(const SettingKey& key, std::string_view what) {
  std::string text(1, '\'');
  return Error{Errc::invalid_argument, text.append(key.name).append("' is ").append(what)};
}

// Why it cannot be a value; empty: it can.
std::string fault_of(const SettingKey& key, std::string_view value) {
  if (value.empty()) return "a text that is not empty";
  // The system calls would take the text's beginning for the whole.
  if (value.find('\0') != std::string_view::npos) return "a text without U+0000";
  if (key.words.empty() || std::ranges::find(key.words, value) != key.words.end()) return {};
  std::string text = "one of";
  for (std::size_t i = 0; i < key.words.size(); ++i) text.append(i == 0 ? " " : ", ").append(key.words[i]);
  return text;
}

std::vector<std::string> split_at_colons(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t colon = text.find(':');
    parts.emplace_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

Result<void> set_from_variable(const SettingKey& key, std::string_view value, Wishes& wishes) {
  if (key.kind == SettingKind::text) return set_text(key, std::string{value}, wishes);
  if (key.kind == SettingKind::texts) return set_texts(key, split_at_colons(value), wishes);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size()) return no_value_of(key);
  return set_number(key, number, wishes);
}

std::string lower_case(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

std::string variable_of(std::string_view key) {
  std::string name = "JOBPOOLD_";
  for (const char c : key) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

}  // namespace

std::span<const SettingKey> setting_keys() { return kSettings; }

const SettingKey* find_setting(std::string_view name) {
  const auto* found = std::ranges::find(kSettings, name, &SettingKey::name);
  return found == kSettings.end() ? nullptr : found;
}

std::string_view nearest_setting(std::string_view name) {
  const auto distance = [&](const SettingKey& key) { return edit_distance(name, key.name); };
  const SettingKey& nearest = *std::ranges::min_element(kSettings, {}, distance);
  const std::size_t near = std::max<std::size_t>(std::max(name.size(), nearest.name.size()) / 3, 2);
  return distance(nearest) <= near ? nearest.name : std::string_view{};
}

Error no_value_of(const SettingKey& key) {
  if (key.kind == SettingKind::number)
    return bad_value(key, "a whole number from " + std::to_string(key.least) + " to " + std::to_string(key.most));
  return bad_value(key, key.kind == SettingKind::texts ? "a list of texts" : "a text that is not empty");
}

Result<void> set_number(const SettingKey& key, std::int64_t value, Wishes& wishes) {
  if (key.kind != SettingKind::number || value < key.least || value > key.most) return no_value_of(key);
  key.set_number(wishes, value);
  return {};
}

Result<void> set_text(const SettingKey& key, std::string value, Wishes& wishes) {
  if (key.kind != SettingKind::text) return no_value_of(key);
  if (const std::string fault = fault_of(key, value); !fault.empty()) return bad_value(key, fault);
  key.set_text(wishes, std::move(value));
  return {};
}

Result<void> set_texts(const SettingKey& key, std::vector<std::string> values, Wishes& wishes) {
  if (key.kind != SettingKind::texts) return no_value_of(key);
  for (const std::string& value : values)
    if (const std::string fault = fault_of(key, value); !fault.empty()) return bad_value(key, fault);
  key.set_texts(wishes, std::move(values));
  return {};
}

Result<Wishes> read_environment(std::span<const char* const> variables) {
  constexpr std::string_view kPrefix = "JOBPOOLD_";
  Wishes wishes;
  for (const std::string_view variable : variables) {
    if (!variable.starts_with(kPrefix)) continue;
    const std::size_t equals = variable.find('=');
    const std::string_view name = variable.substr(0, equals);
    const std::string key_name = lower_case(name.substr(kPrefix.size()));
    if (equals == std::string_view::npos || key_name == "config" || key_name == "options") continue;
    const SettingKey* key = find_setting(key_name);
    if (key == nullptr) {
      const std::string_view nearest = nearest_setting(key_name);
      const std::string remedy = nearest.empty() ? "; jobpool.conf(5) lists those that do" : ": did you mean " + variable_of(nearest) + "?";
      return Error{Errc::invalid_argument, "the variable " + std::string{name} + " sets nothing" + remedy};
    }
    // As elsewhere, an empty one counts as unset.
    if (variable.size() == equals + 1) continue;
    if (auto set = set_from_variable(*key, variable.substr(equals + 1), wishes); !set)
      return Error{set.error().code, "the variable " + std::string{name} + ": " + set.error().text};
  }
  return wishes;
}

}  // namespace jobpool::supervisor
