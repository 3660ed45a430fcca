// An event in words: a line of `jobpool events`. Pure, but for the caller's time zone.
#pragma once

#include <string>

#include "proto/event_messages.hpp"

namespace jobpool::cli {

// "14:02:07.250  job 12  running  attempt 1, worker 2, pid 4711", without a line feed.
std::string event_line(const proto::Event& event);

}  // namespace jobpool::cli
