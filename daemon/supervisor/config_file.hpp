// The configuration file: TOML with the keys of setting_keys.hpp. jobpoold, at start.
//
//   socket = "/run/jobpool/me/socket"    state_dir = "/var/lib/jobpool"    workers = 8
//   plugin_dirs = ["/usr/lib/jobpool"]   log_level = "info"                drain_seconds = 30
//   queue_limit = 2000000                queue_limit_per_user = 1500000
//   keep_ended_count = 262144            keep_ended_seconds = 2592000      output_limit_bytes = 1073741824
//   spare_workers = 1
#pragma once

#include <string>
#include <string_view>

#include "common/result.hpp"
#include "daemon/supervisor/settings.hpp"

namespace jobpool::supervisor {

// Errors: not_found and io (the file), invalid_argument: syntax, an unknown key (with the nearest known one), a wrong type;
// each text begins with "path:line: ".
Result<Wishes> read_config(const std::string& path);

// The same from text; `name` stands for the file in errors.
Result<Wishes> parse_config(std::string_view text, const std::string& name);

}  // namespace jobpool::supervisor
