// Queues come and go, and so do those who wait at them.
#include "daemon/broker/queues/queue_core.hpp"

#include <algorithm>
#include <utility>

namespace jobpool::broker {
namespace {

// Most are the first when they leave.
void leave_line(std::deque<Token>& line, Token token) {
  if (!line.empty() && line.front() == token)
    line.pop_front();
  else
    std::erase(line, token);
}

}  // namespace

void QueueCore::handle(QueueEvent&& event, const Now& now, QueueEffects& out) {
  std::visit([&](auto& one) { on(one, now, out); }, event);
}

std::optional<TimePoint> QueueCore::next_deadline() const {
  std::optional<TimePoint> next;
  if (!deadlines_.empty()) next = deadlines_.begin()->first;
  if (!unclaimed_.empty()) next = std::min(next.value_or(TimePoint::max()), unclaimed_.begin()->first);
  return next;
}

const QueueState* QueueCore::find(std::string_view name) const { return const_cast<QueueCore*>(this)->known(name); }

QueueState* QueueCore::known(std::string_view name) {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : known(found->second);
}

QueueState* QueueCore::known(QueueId queue) {
  const auto found = queues_.find(queue);
  return found == queues_.end() ? nullptr : &found->second;
}

QueueCore::Call* QueueCore::call(Token token) {
  const auto found = calls_.find(token);
  return found == calls_.end() ? nullptr : &found->second;
}

QueueCore::WaitsFor QueueCore::waits_for(Token token) const {
  const auto found = calls_.find(token);
  if (found == calls_.end() || found->second.is_answered) return WaitsFor::nothing;
  const Call& call = found->second;
  switch (call.kind) {
    case Call::Kind::put:
      return call.next < call.items.size() && !call.is_over ? WaitsFor::room : WaitsFor::nothing;
    case Call::Kind::get:
      return WaitsFor::item;
    case Call::Kind::join:
      return WaitsFor::tasks;
    case Call::Kind::done:
      break;
  }
  return WaitsFor::nothing;
}

void QueueCore::on(CreateQueue& event, const Now& now, QueueEffects& out) {
  if (const QueueState* queue = known(event.name)) {
    const bool is_wanted = event.exist_ok && queue->made.maxsize == event.maxsize && queue->made.durable == event.durable;
    out.emplace_back(AnswerQueueCall{event.token, queue->made.durable, is_wanted ? QueueVerdict::well : QueueVerdict::exists, {}, 0});
    return;
  }
  if (queues_.size() >= limits_.queues) return refuse(event.token, QueueVerdict::too_many_queues, out, limits_.queues);
  const QueueId id{++last_queue_};
  QueueState& queue = queues_[id];
  queue.made = QueueMade{id, event.name, event.maxsize, event.durable, now.wall_usec, 0};
  names_.emplace(event.name, id);
  out.emplace_back(SaveQueue{event.durable, queue.made});
  out.emplace_back(AnswerQueueCall{event.token, event.durable, QueueVerdict::well, {}, 0});
}

void QueueCore::on(DeleteQueue& event, const Now&, QueueEffects& out) {
  QueueState* queue = known(event.name);
  if (queue == nullptr) return refuse(event.token, QueueVerdict::no_such_queue, out);
  const bool durable = queue->made.durable;
  const std::uint64_t items = queue->items.size();
  drop(*queue, out);
  out.emplace_back(AnswerQueueCall{event.token, durable, QueueVerdict::well, {}, items});
  serve_starved(out);
}

void QueueCore::drop(QueueState& queue, QueueEffects& out) {
  const QueueId id = queue.made.id;
  out.emplace_back(SaveQueue{queue.made.durable, QueueDeleted{id}});
  tell_waiters_of_end(queue, out);
  for (const auto& [key, call] : queue.unconfirmed) {
    unclaimed_.erase({call.forget_at, {id, key}});
    let_go(call.taken);
  }
  bytes_ -= queue.bytes + queue.reserved_bytes;
  starved_.erase(id);
  names_.erase(queue.made.name);
  queues_.erase(id);
}

void QueueCore::tell_waiters_of_end(QueueState& queue, QueueEffects& out) {
  // A put that waits for its items to be stored is no waiter, but told as well: they are gone with the queue.
  std::vector<Token> told;
  for (const auto& [token, one] : calls_)
    if (one.queue == queue.made.id && !one.is_answered) told.push_back(token);
  std::ranges::sort(told);
  for (const Token token : told) {
    const auto found = calls_.find(token);
    wait_no_longer(token, found->second);
    calls_.erase(found);
    out.emplace_back(AnswerQueueCall{token, queue.made.durable, QueueVerdict::no_such_queue, {}, 0});
  }
}

void QueueCore::on(JoinQueue& event, const Now&, QueueEffects& out) {
  QueueState* queue = known(event.name);
  if (queue == nullptr) return refuse(event.token, QueueVerdict::no_such_queue, out);
  if (queue->made.unfinished == 0) {
    out.emplace_back(AnswerQueueCall{event.token, queue->made.durable, QueueVerdict::well, {}, 0});
    return;
  }
  if (queue->joiners.size() >= limits_.waiters) return refuse(event.token, QueueVerdict::too_many_waiters, out, limits_.waiters);
  Call& call = calls_[event.token];
  call.kind = Call::Kind::join;
  call.queue = queue->made.id;
  queue->joiners.push_back(event.token);
  wait_until(event.token, call, event.deadline);
}

void QueueCore::wait_until(Token token, Call& call, const std::optional<TimePoint>& deadline) {
  call.deadline = deadline;
  if (deadline) deadlines_.emplace(*deadline, token);
}

// Harmless where it does not wait.
void QueueCore::wait_no_longer(Token token, Call& call) {
  if (call.deadline) deadlines_.erase({*std::exchange(call.deadline, std::nullopt), token});
  waiting_bytes_ -= std::exchange(call.waiting, 0);
  QueueState* queue = known(call.queue);
  if (queue == nullptr || call.is_answered) return;
  if (call.kind == Call::Kind::put) leave_line(queue->putters, token);
  if (call.kind == Call::Kind::get) leave_line(queue->getters, token);
  if (call.kind == Call::Kind::join) std::erase(queue->joiners, token);
}

void QueueCore::on(QueueTick&, const Now& now, QueueEffects& out) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now.steady) on_time_over(deadlines_.begin()->second, now, out);
  forget_unclaimed(now, out);
}

void QueueCore::on_time_over(Token token, const Now&, QueueEffects& out) {
  Call& over = calls_.at(token);
  QueueState& queue = *known(over.queue);
  if (over.kind == Call::Kind::put && over.stored < over.next) {  // whether there is room for the rest shows when that is stored
    over.is_last_try = true;
    deadlines_.erase({*std::exchange(over.deadline, std::nullopt), token});
    return;
  }
  wait_no_longer(token, over);
  switch (over.kind) {
    case Call::Kind::get:
      return answer_empty(queue, token, over, out);
    case Call::Kind::join:
      return answer(token, over, {token, queue.made.durable, QueueVerdict::timed_out, {}, queue.made.unfinished}, out);
    default:
      end_put(token, over, out);
      return serve_putters(queue, out);  // those behind it may need less room
  }
}

void QueueCore::on(GiveNoMore&, const Now&, QueueEffects&) { gives_ = false; }

void QueueCore::on(CallerGone& event, const Now& now, QueueEffects& out) {
  const auto found = calls_.find(event.token);
  if (found == calls_.end()) return;
  wait_no_longer(event.token, found->second);
  Call gone = std::move(found->second);
  calls_.erase(found);
  QueueState* queue = known(gone.queue);
  if (queue == nullptr) {
    let_go(gone.taken);
    return serve_starved(out);
  }
  if (gone.kind == Call::Kind::get) {
    queue->unconfirmed.erase(gone.key);  // it comes back as a call of its own
    if (!gone.taken.empty()) return_items(*queue, std::move(gone.taken), out);
  } else if (!gone.key.empty()) {
    leave_unconfirmed(*queue, gone.key, now);
  }
  if (gone.kind == Call::Kind::put) serve_putters(*queue, out);
}

void QueueCore::on(InheritQueue& event, const Now& now, QueueEffects& out) {
  StoredQueue& stored = event.queue;
  last_queue_ = std::max(last_queue_, stored.made.id.value);
  // A durable queue was deleted, and one that is not durable made by its name, before the deletion was committed. The newer one is there.
  if (QueueState* same = known(stored.made.name)) {
    if (same->made.id > stored.made.id) {
      out.emplace_back(SaveQueue{stored.made.durable, QueueDeleted{stored.made.id}});
      return;
    }
    drop(*same, out);
  }
  QueueState& queue = queues_[stored.made.id];
  queue.made = stored.made;
  names_.emplace(stored.made.name, stored.made.id);
  const auto count = [&](const QueueItem& item) { queue.next_number.value = std::max(queue.next_number.value, item.number.value + 1); };
  std::ranges::for_each(stored.items, count);
  hold(stored.items);
  add_items(queue, std::move(stored.items));
  for (StoredQueue::Taken& taken : stored.taken) {
    std::ranges::for_each(taken.items, count);
    hold(taken.items);
    queue.taken += taken.items.size();
    queue.unconfirmed[taken.key] = UnconfirmedCall{UnconfirmedCall::Kind::get, 0, std::move(taken.items), {}, TimePoint::max()};
    leave_unconfirmed(queue, taken.key, now);
  }
  for (const CallKept& call : stored.calls) {
    queue.unconfirmed[call.key] = UnconfirmedCall{UnconfirmedCall::Kind::put_or_done, call.count, {}, {}, TimePoint::max()};
    leave_unconfirmed(queue, call.key, now);
  }
}

}  // namespace jobpool::broker
