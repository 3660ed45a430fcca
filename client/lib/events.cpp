// The stream of events: one call, whose replies go on.
#include "jobpool/events.hpp"

#include <algorithm>
#include <utility>

#include "client/lib/raise.hpp"
#include "client/lib/timed_call.hpp"
#include "jobpool/client.hpp"
#include "jobpool/errors.hpp"
#include "proto/event_messages.hpp"

namespace jobpool {
namespace {

Event event_from(proto::Event told) {
  Event event;
  event.kind = proto::to_string(told.kind);
  event.time = std::chrono::microseconds{told.usec};
  if (told.job) event.job = told.job->value;
  event.pool = std::move(told.pool);
  event.state = std::move(told.state);
  if (told.outcome) event.outcome = to_string(*told.outcome);
  event.reason = std::move(told.reason);
  event.error_type = std::move(told.error_type);
  event.waiting_for = std::move(told.waiting_for);
  event.attempt = told.attempt;
  event.pid = told.pid;
  event.exit_code = told.exit_code;
  event.signal = told.signal;
  event.worker = told.worker;
  event.missed = static_cast<std::uint64_t>(told.missed.value_or(0));
  return event;
}

proto::EventsRequest events_request(const EventFilter& filter) {
  proto::EventsRequest request;
  for (const std::uint64_t id : filter.jobs) request.ids.push_back(JobId{id});
  if (!filter.pool.empty()) request.pool = filter.pool;
  return request;
}

}  // namespace

// Returns when the daemon listens: what happens from then on is told.
EventStream::EventStream(std::shared_ptr<client::Connections> connections, const EventFilter& filter)
    : connections_(std::move(connections)),
      // Never sent again: nobody knows what happened meanwhile.
      call_(std::make_unique<client::RecoveringCall>(
          *connections_, proto::write_call("org.jobpool.Pool.Events", proto::write_events(events_request(filter)), proto::CallMode::more),
          client::Resend::never_asks)) {
  const client::Reply first = client::value_or_raise(call_->finish(client::kNever));
  if (!first.error.empty()) client::raise_remote(first);
}

EventStream::EventStream(EventStream&&) noexcept = default;
EventStream& EventStream::operator=(EventStream&&) noexcept = default;
EventStream::~EventStream() = default;

std::optional<Event> EventStream::next(std::optional<std::chrono::microseconds> timeout) {
  if (has_ended_) return std::nullopt;
  if (!call_) throw Interrupted("the stream of events has broken off: begin another one");
  Result<client::Reply> heard = call_->finish(client::deadline_after(timeout));
  // The call would begin it anew, and what happened in between would be missing without a word.
  if (heard ? !heard->error.empty() : heard.error().code != Errc::timed_out) call_.reset();
  if (!heard && heard.error().code == Errc::closed)
    throw Interrupted("the stream of events broke off with its broker; what happened since is not known (" + heard.error().text + ")");
  const client::Reply reply = client::value_or_raise(std::move(heard));
  if (!reply.error.empty()) client::raise_remote(reply);
  has_ended_ = !reply.continues;
  if (has_ended_) return std::nullopt;
  Result<proto::Event> event = proto::read_event(reply.parameters);
  if (!event) call_.reset();
  return event_from(client::value_or_raise(std::move(event)));
}

EventStream Client::events(const EventFilter& filter) const { return EventStream{connections_, filter}; }

}  // namespace jobpool
