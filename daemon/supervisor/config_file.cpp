// Reads the configuration file with toml++; the only file that includes it.
#include "daemon/supervisor/config_file.hpp"

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <numeric>
#include <sstream>

namespace jobpool::supervisor {
namespace {

constexpr std::array<std::string_view, 6> kKeys{"socket", "state_dir", "workers", "plugin_dirs", "log_level", "drain_seconds"};

// Longer than any sensible stop; systemd's TimeoutStopSec ends it before.
constexpr std::int64_t kMaxDrainSeconds = 24 * 60 * 60;

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

std::string_view nearest_key(std::string_view key) {
  return *std::min_element(kKeys.begin(), kKeys.end(),
                           [&](auto left, auto right) { return edit_distance(key, left) < edit_distance(key, right); });
}

std::string quoted(std::string_view key) {
  std::string text(1, '\'');
  text.append(key);
  return text.append(1, '\'');
}

class Reader {
 public:
  Reader(const toml::table& table, const std::string& name) : table_(table), name_(name) {}

  Result<Wishes> read() {
    Wishes wishes;
    for (const auto& [key, node] : table_) {
      auto taken = take(key.str(), node, wishes);
      if (!taken) return taken.error();
    }
    return wishes;
  }

 private:
  Result<void> take(std::string_view key, const toml::node& node, Wishes& wishes) {
    if (key == "socket") return text(key, node, wishes.socket);
    if (key == "state_dir") return text(key, node, wishes.state_dir);
    if (key == "log_level") return text(key, node, wishes.log_level);
    if (key == "plugin_dirs") return texts(key, node, wishes.plugin_dirs.emplace());
    if (key == "workers") {
      auto value = number(key, node, kMaxWorkers);
      if (!value) return value.error();
      wishes.workers = static_cast<std::uint32_t>(*value);
      return {};
    }
    if (key == "drain_seconds") {
      auto value = number(key, node, kMaxDrainSeconds);
      if (!value) return value.error();
      wishes.drain_time = std::chrono::seconds(*value);
      return {};
    }
    return complain(node, "unknown key " + quoted(key) + ": did you mean " + quoted(nearest_key(key)) + "?");
  }

  Result<void> text(std::string_view key, const toml::node& node, std::optional<std::string>& out) const {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty()) return complain(node, quoted(key) + " is a text that is not empty");
    out = *value;
    return {};
  }

  Result<void> texts(std::string_view key, const toml::node& node, std::vector<std::string>& out) const {
    const toml::array* values = node.as_array();
    if (values == nullptr) return complain(node, quoted(key) + " is a list of texts");
    for (const auto& value : *values) {
      std::optional<std::string> one;
      auto read = text(key, value, one);
      if (!read) return read.error();
      out.push_back(*one);
    }
    return {};
  }

  Result<std::int64_t> number(std::string_view key, const toml::node& node, std::int64_t most) const {
    const auto value = node.value_exact<std::int64_t>();
    if (value && *value >= 0 && *value <= most) return *value;
    return complain(node, quoted(key) + " is a whole number from 0 to " + std::to_string(most));
  }

  Error complain(const toml::node& node, const std::string& what) const {
    return Error{Errc::invalid_argument, name_ + ":" + std::to_string(node.source().begin.line) + ": " + what};
  }

  const toml::table& table_;
  const std::string& name_;
};

}  // namespace

Result<Wishes> parse_config(std::string_view text, const std::string& name) {
  const toml::parse_result parsed = toml::parse(text, name);
  if (!parsed) {
    const auto& error = parsed.error();
    return Error{Errc::invalid_argument, name + ":" + std::to_string(error.source().begin.line) + ": " + std::string(error.description())};
  }
  return Reader(parsed.table(), name).read();
}

Result<Wishes> read_config(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return errno_error(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || !text) return Error{Errc::io, path + ": cannot be read"};
  return parse_config(text.str(), path);
}

}  // namespace jobpool::supervisor
