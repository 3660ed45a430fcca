// Names of states and outcomes. The tables are in the order of the enums.
#include "common/outcome.hpp"

#include <array>

namespace jobpool {
namespace {

constexpr std::array<std::string_view, 4> kStates{"ready", "running", "waiting", "done"};
constexpr std::array<std::string_view, 8> kOutcomes{"succeeded", "failed",  "crashed",     "timed_out",
                                                    "cancelled", "skipped", "interrupted", "poison"};

template <class Enum, std::size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == name) return static_cast<Enum>(i);
  return std::nullopt;
}

}  // namespace

std::string_view to_string(JobState state) { return kStates.at(static_cast<std::size_t>(state)); }
std::string_view to_string(Outcome outcome) { return kOutcomes.at(static_cast<std::size_t>(outcome)); }
std::optional<JobState> job_state_from(std::string_view name) { return find<JobState>(kStates, name); }
std::optional<Outcome> outcome_from(std::string_view name) { return find<Outcome>(kOutcomes, name); }

}  // namespace jobpool
