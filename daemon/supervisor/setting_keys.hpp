// The settings that a configuration file and the environment can make, once for both: their names, what their values are, and whether a
// reload takes them up. The reference manual of them is jobpool.conf(5), which a test holds against this table. jobpoold, at start. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "daemon/supervisor/settings.hpp"

namespace jobpool::supervisor {

struct SettingKey {
  enum class Kind { text, texts, number };
  // start: the daemon must be started anew; a reload says so and goes on with the old value. For whoever reads of it: what a reload takes
  // over is decided in house.cpp.
  enum class Change { reload, start };

  std::string_view name;
  Kind kind;
  Change change;
  std::int64_t least = 0, most = 0;              // of a number
  std::span<const std::string_view> words = {};  // of a text that is one of these; empty: any
  // The one that `kind` says.
  void (*set_text)(Wishes& wishes, std::string value) = nullptr;
  void (*set_texts)(Wishes& wishes, std::vector<std::string> values) = nullptr;
  void (*set_number)(Wishes& wishes, std::int64_t value) = nullptr;
};

std::span<const SettingKey> setting_keys();
// Null: there is none of that name.
const SettingKey* find_setting(std::string_view name);
// For who meant another one.
// Empty: none is so near that it could be meant.
std::string_view nearest_setting(std::string_view name);

// Errors: invalid_argument, in words that name the key: "'workers' is a whole number from 0 to 4096".
Result<void> set_number(const SettingKey& key, std::int64_t value, Wishes& wishes);
Result<void> set_text(const SettingKey& key, std::string value, Wishes& wishes);
Result<void> set_texts(const SettingKey& key, std::vector<std::string> values, Wishes& wishes);
// What a value of the key is, in such words; where it is none.
Error no_value_of(const SettingKey& key);

// JOBPOOLD_WORKERS=8 is workers = 8; a list is separated by colons. JOBPOOLD_CONFIG and JOBPOOLD_OPTIONS are others' business.
// Errors: invalid_argument: there is no such setting (with the nearest one), or its value is none.
Result<Wishes> read_environment(std::span<const char* const> variables);

}  // namespace jobpool::supervisor
