// Calls and their answers: which of them may be asked again, by whom, and until when.
#include <algorithm>
#include <utility>

#include "daemon/broker/queues/queue_core.hpp"

namespace jobpool::broker {

// From here on the key is this call's. Resumed: it was carried out, in part or wholly, for a caller that is gone.
QueueCore::Claim QueueCore::claim(QueueState& queue, const SharedText& key, UnconfirmedCall::Kind kind, Token token) {
  if (key.empty()) return Claim::fresh;
  const auto [place, is_new] = queue.unconfirmed.try_emplace(key, UnconfirmedCall{kind, 0, {}, token, TimePoint::max()});
  if (is_new) return Claim::fresh;
  UnconfirmedCall& before = place->second;
  const bool is_alike = before.kind == kind || (before.kind == UnconfirmedCall::Kind::put_or_done && kind != UnconfirmedCall::Kind::get);
  if (before.caller.value != 0 || !is_alike) return Claim::conflict;
  unclaimed_.erase({before.forget_at, {queue.made.id, key}});
  before.forget_at = TimePoint::max();
  before.caller = token;
  before.kind = kind;
  return Claim::resumed;
}

// For a call that may have to stand in `line`. One that was carried out before has its answer however many wait there.
QueueCore::Claim QueueCore::claim_place(QueueState& queue, const std::deque<Token>& line, const SharedText& key, UnconfirmedCall::Kind kind,
                                        Token token) {
  const Claim claimed = claim(queue, key, kind, token);
  if (claimed != Claim::fresh || line.size() < limits_.waiters) return claimed;
  queue.unconfirmed.erase(key);
  return Claim::too_many;
}

// Its caller has the answer: nobody will ask again.
void QueueCore::confirm(QueueState& queue, const SharedText& key, QueueEffects& out) {
  const auto found = queue.unconfirmed.find(key);
  if (found == queue.unconfirmed.end()) return;
  const bool is_kept = found->second.count > 0;
  queue.unconfirmed.erase(found);
  if (is_kept) out.emplace_back(SaveQueue{queue.made.durable, CallForgotten{queue.made.id, key}});
}

void QueueCore::leave_unconfirmed(QueueState& queue, const SharedText& key, const Now& now) {
  const auto found = queue.unconfirmed.find(key);
  if (found == queue.unconfirmed.end()) return;
  const bool has_done_nothing = found->second.count == 0 && found->second.taken.empty();
  if (has_done_nothing) {  // its caller may come back with it as with a new call
    queue.unconfirmed.erase(found);
    return;
  }
  found->second.caller = {};
  found->second.forget_at = now.steady + limits_.claim_time;
  unclaimed_.insert({found->second.forget_at, {queue.made.id, key}});
}

void QueueCore::forget_unclaimed(const Now& now, QueueEffects& out) {
  while (!unclaimed_.empty() && unclaimed_.begin()->first <= now.steady) {
    const auto [id, key] = unclaimed_.begin()->second;
    unclaimed_.erase(unclaimed_.begin());
    QueueState& queue = *known(id);
    const auto found = queue.unconfirmed.find(key);
    if (items_being_stored(id, key) > 0) {  // its count is not known yet
      leave_unconfirmed(queue, key, now);
      continue;
    }
    // Taken, and its consumer never came back: it died with them, or has had them all along. To put them back could show them twice.
    if (const auto& taken = found->second.taken; !taken.empty()) {
      ItemsGone gone{id, {}};
      for (const QueueItem& item : taken) gone.items.push_back(item.number);
      queue.taken -= taken.size();
      let_go(taken);
      queue.unconfirmed.erase(found);
      out.emplace_back(SaveQueue{queue.made.durable, std::move(gone)});
    } else {
      confirm(queue, key, out);
    }
  }
  serve_starved(out);
}

void QueueCore::on(TasksDone& event, const Now&, QueueEffects& out) {
  QueueState* queue = known(event.name);
  if (queue == nullptr) return refuse(event.token, QueueVerdict::no_such_queue, out);
  const Claim claimed = claim(*queue, event.key, UnconfirmedCall::Kind::done, event.token);
  if (claimed == Claim::conflict) return refuse(event.token, claimed, out);
  if (claimed == Claim::fresh) {
    if (event.count > queue->made.unfinished) {
      queue->unconfirmed.erase(event.key);
      return refuse(event.token, QueueVerdict::done_too_often, out, queue->made.unfinished);
    }
    queue->made.unfinished -= event.count;
    if (!event.key.empty()) queue->unconfirmed[event.key].count = event.count;
    out.emplace_back(SaveQueue{queue->made.durable, ItemsDone{queue->made.id, event.count, event.key}});
  }
  Call& done = calls_[event.token];
  done.kind = Call::Kind::done;
  done.queue = queue->made.id;
  done.key = event.key;
  answer(event.token, done, {event.token, queue->made.durable, QueueVerdict::well, {}, queue->made.unfinished}, out);
  end_of_tasks(*queue, out);
}

void QueueCore::end_of_tasks(QueueState& queue, QueueEffects& out) {
  if (queue.made.unfinished > 0) return;
  for (const Token token : std::exchange(queue.joiners, {})) {
    Call& joiner = calls_.at(token);
    wait_no_longer(token, joiner);
    answer(token, joiner, {token, queue.made.durable, QueueVerdict::well, {}, 0}, out);
  }
}

// The call is kept for as long as it matters whether its caller hears of it: `call` may be gone when this returns.
void QueueCore::answer(Token token, Call& call, AnswerQueueCall what, QueueEffects& out) {
  out.emplace_back(std::move(what));
  call.is_answered = true;
  call.items = {};
  if (call.taken.empty() && call.key.empty()) calls_.erase(token);
}

void QueueCore::refuse(Token token, QueueVerdict why, QueueEffects& out, std::uint64_t number) {
  out.emplace_back(AnswerQueueCall{token, false, why, {}, number});
}

void QueueCore::refuse(Token token, Claim why, QueueEffects& out) {
  if (why == Claim::too_many) return refuse(token, QueueVerdict::too_many_waiters, out, limits_.waiters);
  refuse(token, QueueVerdict::key_conflict, out);
}

void QueueCore::on(AnswerHandedOver& event, const Now&, QueueEffects& out) {
  const auto found = calls_.find(event.token);
  if (found == calls_.end()) return;
  const Call over = std::move(found->second);
  calls_.erase(found);
  let_go(over.taken);
  if (QueueState* queue = known(over.queue)) forget_answered(*queue, over, out);
  if (!over.taken.empty()) serve_starved(out);
}

void QueueCore::forget_answered(QueueState& queue, const Call& over, QueueEffects& out) {
  if (over.kind != Call::Kind::get) return confirm(queue, over.key, out);
  queue.taken -= over.taken.size();
  queue.unconfirmed.erase(over.key);
  if (over.key.empty() || over.taken.empty()) return;
  ItemsGone gone{over.queue, {}};
  for (const QueueItem& item : over.taken) gone.items.push_back(item.number);
  out.emplace_back(SaveQueue{queue.made.durable, std::move(gone)});
}

std::vector<Token> QueueCore::calls_with_items() const {
  std::vector<Token> tokens;
  for (const auto& [token, one] : calls_)
    if (!one.taken.empty()) tokens.push_back(token);
  std::ranges::sort(tokens);
  return tokens;
}

}  // namespace jobpool::broker
