// One thread that keeps a socket full: writes requests while it reads the answers. The client of every bench that measures rates.
#pragma once

#include <limits>
#include <string>
#include <string_view>

#include "common/unique_fd.hpp"

namespace jobpool::bench {

// Gives up when nobody listens there.
UniqueFd connect_to(const std::string& path);

// A whole message: ApplyAsync of `job`, a JSON object.
std::string submission(const std::string& job);

inline constexpr long kNoLimit = std::numeric_limits<long>::max();

// Sends `request` so many times, as many in one write as the socket takes, but no more than `in_flight` ahead of the answers, and returns
// these as they came.
// Requires: `answers` messages come back, each with one NUL at its end. Gives up when the peer goes away.
std::string pipeline(int socket, const std::string& request, long times, long answers, long in_flight = kNoLimit);

// Gives up when one of the answers is anything but an acceptance.
void check_accepted(const std::string& answers);
inline constexpr std::string_view kAccepted = R"({"parameters":{"id":)";

// The call that waits for all jobs whose acceptances are in `answers`. Gives up when one of them is anything else.
std::string wait_call_for(const std::string& answers);

}  // namespace jobpool::bench
