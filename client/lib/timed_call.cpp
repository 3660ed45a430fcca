// See timed_call.hpp.
#include "client/lib/timed_call.hpp"

#include <algorithm>
#include <utility>

#include "proto/fields.hpp"

namespace jobpool::client {
namespace {

constexpr std::chrono::seconds kSlack{10};                    // only a daemon that hangs makes the client's own clock speak
constexpr std::chrono::hours kAsGoodAsNever{24 * 365 * 100};  // what a point of time can still be made of

}  // namespace

TimePoint deadline_after(std::optional<Microseconds> timeout) {
  return timeout && *timeout < kAsGoodAsNever ? Clock::now() + std::max(*timeout, Microseconds{0}) : kNever;
}

Result<Reply> call_within(Connections& connections, std::string_view method, std::optional<Microseconds> timeout, const WriteTimed& write,
                          Resend resend) {
  if (timeout && *timeout > proto::kMaxTimeout) timeout.reset();
  if (timeout) timeout = std::max(*timeout, Microseconds{0});
  const TimePoint deadline = deadline_after(timeout);
  bool is_first = true;
  const auto left = [&] {
    if (std::exchange(is_first, false) || deadline == kNever) return timeout;
    return std::optional{std::max(std::chrono::duration_cast<Microseconds>(deadline - Clock::now()), Microseconds{0})};
  };
  RecoveringCall call(
      connections, [&] { return proto::write_call(method, write(left())); }, resend);
  return call.finish(deadline == kNever ? kNever : deadline + kSlack);
}

}  // namespace jobpool::client
