// A job in words, for list and show.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client/cli/table.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {

// "running", "waiting for a delay"; of an ended job its outcome, with what belongs to it: "failed 3", "crashed KILL".
Cell state_cell(const proto::Job& job);
// The same of one attempt; empty while it runs.
Cell outcome_cell(const proto::Attempt& attempt);

// How long it ran, or runs since; empty before its start.
std::string run_time(const proto::Job& job, std::int64_t now_usec);
std::string run_time(const proto::Attempt& attempt, std::int64_t now_usec);

// How long it was in a state; empty: not known, or not at all.
std::string state_time(const std::optional<std::int64_t>& time_usec);

// "2025-03-01 14:02:07", the caller's time zone.
std::string local_time(std::int64_t usec);
// "14:02:07.250"
std::string local_clock(std::int64_t usec);

}  // namespace jobpool::cli
