// See event_feed.hpp.
#include "daemon/broker/rpc/event_feed.hpp"

#include <utility>

namespace jobpool::broker {

bool EventFeed::Listener::wants(const proto::Event& event) const {
  if (!jobs.empty() && !(event.job && jobs.contains(*event.job))) return false;
  return !pool || event.pool == *pool;
}

void EventFeed::add(const std::shared_ptr<Call>& call, proto::EventsRequest request, std::int64_t now_usec) {
  const std::uint64_t key = ++last_;
  Listener listener;
  listener.call = call;
  listener.jobs = {request.ids.begin(), request.ids.end()};
  listener.pool = std::move(request.pool);
  listeners_.emplace(key, std::move(listener));
  call->on_hangup = [this, key] { listeners_.erase(key); };
  call->on_drained = [this, key] {
    if (const auto found = listeners_.find(key); found != listeners_.end()) go_on(found->second);
  };
  proto::Event first;
  first.kind = proto::EventKind::listening;
  first.usec = now_usec;
  call->reply_more(proto::write_event(first));
}

void EventFeed::tell(const proto::Event& event) {
  std::string text;  // written once, for whoever wants it
  for (auto& [key, listener] : listeners_) {
    if (!listener.wants(event)) continue;
    if (listener.is_slow) {
      ++listener.missed;
      listener.missed_until_usec = event.usec;
      continue;
    }
    if (text.empty()) text = proto::write_event(event);
    listener.is_slow = !listener.call->reply_more(text);
  }
}

void EventFeed::go_on(Listener& listener) {
  listener.is_slow = false;
  if (listener.missed == 0) return;
  proto::Event missed;
  missed.kind = proto::EventKind::missed;
  missed.usec = listener.missed_until_usec;
  missed.missed = std::exchange(listener.missed, 0);
  listener.is_slow = !listener.call->reply_more(proto::write_event(missed));
}

void EventFeed::end() {
  for (auto& [key, listener] : std::exchange(listeners_, {})) {
    listener.call->on_hangup = {};
    listener.call->on_drained = {};
    listener.call->reply({});
  }
}

}  // namespace jobpool::broker
