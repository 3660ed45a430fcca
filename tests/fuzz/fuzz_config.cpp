// Fuzzes the configuration file: whatever it says, it is read within the limits or refused with the place.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "daemon/supervisor/config_file.hpp"
#include "tests/fuzz/require.hpp"

using jobpool::fuzz::require;
using namespace jobpool;

namespace {

bool is_usable(const std::optional<std::string>& text) { return !text || (!text->empty() && text->find('\0') == text->npos); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto wishes = supervisor::parse_config({reinterpret_cast<const char*>(data), size}, "jobpool.toml");
  if (!wishes) {
    require(wishes.error().code == Errc::invalid_argument, "another error than invalid_argument");
    require(wishes.error().text.starts_with("jobpool.toml:"), "an error without its place");
    return 0;
  }
  require(!wishes->workers || *wishes->workers <= supervisor::kMaxWorkers, "more workers than there may be");
  require(!wishes->drain_time || wishes->drain_time->count() >= 0, "a negative time");
  const supervisor::Limits& limits = wishes->limits;
  for (const auto& limit : {limits.queue, limits.queue_per_user, limits.kept_count, limits.output})
    require(!limit || *limit > 0, "a limit that leaves no room");
  require(!limits.kept_for || limits.kept_for->count() > 0, "ended jobs that nobody can ask for");
  require(is_usable(wishes->socket) && is_usable(wishes->state_dir) && is_usable(wishes->log_level), "a text that no path can be");
  if (wishes->plugin_dirs)
    for (const std::string& dir : *wishes->plugin_dirs) require(is_usable(dir), "a text that no path can be");
  return 0;
}
