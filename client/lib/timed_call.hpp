// A call that waits as long as its caller says. The daemon keeps the time; the next broker has not kept it so far, so that a call that is
// sent again says what is left of it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "client/lib/recovering_call.hpp"
#include "common/clock.hpp"

namespace jobpool::client {

// The parameters, with what is left of the time. nullopt: there is no limit.
using WriteTimed = std::function<std::string(std::optional<Microseconds> left)>;

// Of a time that begins now; one below 0 is over. kNever where there is none, or a longer one than a point of time can be made of.
TimePoint deadline_after(std::optional<Microseconds> timeout);

// `timeout` below 0 is 0, and none where it is longer than the daemon takes any (proto::kMaxTimeout). Errors: as RecoveringCall; timed_out:
// the daemon has not kept the time, it hangs.
Result<Reply> call_within(Connections& connections, std::string_view method, std::optional<Microseconds> timeout, const WriteTimed& write,
                          Resend resend = Resend::always);

}  // namespace jobpool::client
