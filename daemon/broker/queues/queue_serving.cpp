// Who gets what, in order: putters get room, getters get items.
#include <algorithm>
#include <limits>
#include <utility>

#include "daemon/broker/queues/queue_core.hpp"

namespace jobpool::broker {
namespace {

std::uint64_t cost_of(const SharedText& item) { return item.size() + kItemOverheadBytes; }

std::uint64_t cost_of(const std::vector<QueueItem>& items) {
  std::uint64_t cost = 0;
  for (const QueueItem& item : items) cost += cost_of(item.text);
  return cost;
}

}  // namespace

// How many items may be added, the first of which has so many bytes: by the count alone once there is room for that one.
std::uint64_t QueueCore::room_for(const QueueState& queue, std::uint64_t bytes) const {
  if (queue.bytes + queue.reserved_bytes + bytes >= limits_.bytes_of_one || lacks_common_room(bytes)) return 0;
  if (queue.made.maxsize == 0) return std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t has = queue.items.size() + queue.reserved_items;
  return has < queue.made.maxsize ? queue.made.maxsize - has : 0;
}

void QueueCore::on(PutItems& event, const Now&, QueueEffects& out) {
  QueueState* queue = known(event.name);
  if (queue == nullptr) return refuse(event.token, QueueVerdict::no_such_queue, out);
  const Claim claimed = claim_place(*queue, queue->putters, event.key, UnconfirmedCall::Kind::put, event.token);
  if (claimed != Claim::fresh && claimed != Claim::resumed) return refuse(event.token, claimed, out);
  Call& put = calls_[event.token];
  put.kind = Call::Kind::put;
  put.queue = queue->made.id;
  put.key = event.key;
  put.items = std::move(event.items);
  if (claimed == Claim::resumed) {
    put.next = std::min<std::size_t>(queue->unconfirmed[put.key].count, put.items.size());
    put.stored = put.next - std::min(put.next, items_being_stored(queue->made.id, put.key));
  }
  if (put.next == put.items.size()) return finish_put(event.token, put, out);
  put.is_last_try = event.may_wait == MayWait::no;
  queue->putters.push_back(event.token);
  serve_putters(*queue, out);
  Call* const waiting = call(event.token);
  if (waiting == nullptr || waiting->is_over || waiting->next == waiting->items.size()) return;
  if (may_wait_with_its_items(*waiting)) return wait_until(event.token, *waiting, waiting->is_last_try ? std::nullopt : event.deadline);
  end_put(event.token, *waiting, out);
}

// No more of its items are saved.
void QueueCore::end_put(Token token, Call& put, QueueEffects& out) {
  wait_no_longer(token, put);
  put.is_over = true;
  finish_put(token, put, out);
}

// There is no room for who is first: that is what those wanted to know who do not wait for it.
void QueueCore::end_last_tries(const QueueState& queue, QueueEffects& out) {
  std::vector<Token> last_tries;
  for (const Token token : queue.putters)
    if (calls_.at(token).is_last_try) last_tries.push_back(token);
  for (const Token token : last_tries) end_put(token, calls_.at(token), out);
}

// What waits is in no queue, and has to be bounded all the same.
bool QueueCore::may_wait_with_its_items(Call& put) {
  std::uint64_t bytes = 0;
  for (std::size_t i = put.next; i < put.items.size(); ++i) bytes += cost_of(put.items[i]);
  if (waiting_bytes_ + bytes > limits_.bytes_waiting) return false;
  waiting_bytes_ += put.waiting = bytes;
  return true;
}

void QueueCore::serve_putters(QueueState& queue, QueueEffects& out) {
  while (!queue.putters.empty()) {
    const Token token = queue.putters.front();
    Call& put = calls_.at(token);
    // One record of a call at a time: were an earlier one refused, its items would come behind. The line moves when it is stored.
    if (put.stored < put.next) return;
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    while (put.next + count < put.items.size()) {
      const std::uint64_t more = cost_of(put.items[put.next + count]);
      if (room_for(queue, bytes + more) <= count) break;
      bytes += more;
      ++count;
    }
    if (count > 0) save_items(queue, token, put, count, out);
    if (put.next < put.items.size()) {
      if (lacks_common_room(cost_of(put.items[put.next]))) starved_.insert(queue.made.id);
      const bool is_last_try = put.is_last_try;
      end_last_tries(queue, out);
      if (!is_last_try) return;
      continue;  // who is behind it may need less
    }
    wait_no_longer(token, put);
  }
}

void QueueCore::save_items(QueueState& queue, Token token, Call& put, std::size_t count, QueueEffects& out) {
  Storing storing{queue.made.id, token, put.key, {}, 0};
  ItemsPut record{queue.made.id, PutNumber{++last_put_}, queue.next_number, {}, put.key, put.next + count};
  for (std::size_t i = 0; i < count; ++i) {
    const SharedText& item = put.items[put.next + i];
    record.items.push_back(item);
    storing.items.push_back({queue.next_number, item});
    storing.bytes += cost_of(item);
    ++queue.next_number.value;
  }
  put.next += count;
  if (!put.key.empty()) queue.unconfirmed[put.key].count += count;
  queue.reserved_items += count;
  queue.reserved_bytes += storing.bytes;
  bytes_ += storing.bytes;
  storing_.emplace(record.number, std::move(storing));
  out.emplace_back(SaveQueue{queue.made.durable, std::move(record)});
}

void QueueCore::on(PutStored& event, const Now&, QueueEffects& out) {
  auto node = storing_.extract(event.number);
  if (node.empty()) return;
  Storing& stored = node.mapped();
  QueueState* queue = known(stored.queue);
  if (queue == nullptr) return;  // deleted meanwhile
  const std::size_t count = stored.items.size();
  queue->reserved_items -= count;
  queue->reserved_bytes -= stored.bytes;
  add_items(*queue, std::move(stored.items));
  queue->made.unfinished += count;
  const Token caller = caller_of(*queue, stored);
  if (Call* put = call(caller)) {
    put->stored += count;
    finish_put(caller, *put, out);
  }
  serve_getters(*queue, out);
  serve_putters(*queue, out);
}

void QueueCore::on(PutRefused& event, const Now&, QueueEffects& out) {
  auto node = storing_.extract(event.number);
  if (node.empty()) return;
  const Storing& refused = node.mapped();
  QueueState* queue = known(refused.queue);
  if (queue == nullptr) return;
  queue->reserved_items -= refused.items.size();
  queue->reserved_bytes -= refused.bytes;
  bytes_ -= refused.bytes;
  const Token caller = caller_of(*queue, refused);
  if (const auto keyed = queue->unconfirmed.find(refused.key); keyed != queue->unconfirmed.end())
    keyed->second.count -= std::min<std::uint64_t>(keyed->second.count, refused.items.size());
  if (Call* put = call(caller); put != nullptr && !put->is_answered) {
    wait_no_longer(caller, *put);
    answer(caller, *put, {caller, queue->made.durable, QueueVerdict::store_full, {}, put->stored}, out);
  }
  serve_putters(*queue, out);
  serve_starved(out);
}

// Whoever put them may be gone, and have come back with the key.
Token QueueCore::caller_of(const QueueState& queue, const Storing& storing) const {
  const auto keyed = queue.unconfirmed.find(storing.key);
  return keyed == queue.unconfirmed.end() ? storing.token : keyed->second.caller;
}

std::size_t QueueCore::items_being_stored(QueueId queue, const SharedText& key) const {
  std::size_t items = 0;
  for (const auto& [number, storing] : storing_)
    if (storing.queue == queue && storing.key == std::string_view(key)) items += storing.items.size();
  return items;
}

// Answered when all its items are in, or when no more will come and those saved are in.
void QueueCore::finish_put(Token token, Call& put, QueueEffects& out) {
  if (put.is_answered || put.stored < put.next) return;
  const bool is_whole = put.stored >= put.items.size();  // more: its caller came back with fewer than were on their way
  if (!is_whole && !put.is_over) return;
  answer(token, put, {token, known(put.queue)->made.durable, is_whole ? QueueVerdict::well : QueueVerdict::full, {}, put.stored}, out);
}

void QueueCore::on(GetItems& event, const Now&, QueueEffects& out) {
  QueueState* queue = known(event.name);
  if (queue == nullptr) return refuse(event.token, QueueVerdict::no_such_queue, out);
  const Claim claimed = claim_place(*queue, queue->getters, event.key, UnconfirmedCall::Kind::get, event.token);
  if (claimed != Claim::fresh && claimed != Claim::resumed) return refuse(event.token, claimed, out);
  Call& get = calls_[event.token];
  get.kind = Call::Kind::get;
  get.queue = queue->made.id;
  get.key = event.key;
  get.count = event.count;
  if (claimed == Claim::resumed) {
    get.taken = std::move(queue->unconfirmed[get.key].taken);
    AnswerQueueCall again{event.token, queue->made.durable, QueueVerdict::well, {}, 0};
    for (const QueueItem& item : get.taken) again.items.push_back(item.text);
    return answer(event.token, get, std::move(again), out);
  }
  queue->getters.push_back(event.token);
  serve_getters(*queue, out);
  if (get.is_answered) return;
  if (event.may_wait == MayWait::yes) return wait_until(event.token, get, event.deadline);
  wait_no_longer(event.token, get);
  answer_empty(*queue, event.token, get, out);
}

void QueueCore::answer_empty(QueueState& queue, Token token, Call& get, QueueEffects& out) {
  queue.unconfirmed.erase(get.key);
  get.key = {};
  answer(token, get, {token, queue.made.durable, QueueVerdict::empty, {}, 0}, out);
}

void QueueCore::serve_getters(QueueState& queue, QueueEffects& out) {
  bool has_given = false;
  while (gives_ && !queue.getters.empty() && !queue.items.empty()) {
    const Token token = queue.getters.front();
    Call& get = calls_.at(token);
    wait_no_longer(token, get);
    take_items(queue, get, out);
    AnswerQueueCall items{token, queue.made.durable, QueueVerdict::well, {}, 0};
    for (const QueueItem& item : get.taken) items.items.push_back(item.text);
    answer(token, get, std::move(items), out);
    has_given = true;
  }
  if (has_given) serve_putters(queue, out);
}

void QueueCore::take_items(QueueState& queue, Call& get, QueueEffects& out) {
  ItemsTaken record{queue.made.id, get.key, {}};
  std::uint64_t bytes = 0;
  while (!queue.items.empty() && get.taken.size() < get.count) {
    bytes += queue.items.front().text.size();
    if (!get.taken.empty() && bytes > limits_.bytes_of_get) break;
    QueueItem item = std::move(queue.items.front());
    queue.items.pop_front();
    queue.bytes -= cost_of(item.text);
    record.items.push_back(item.number);
    get.taken.push_back(std::move(item));
  }
  queue.taken += get.taken.size();
  out.emplace_back(SaveQueue{queue.made.durable, std::move(record)});
}

void QueueCore::return_items(QueueState& queue, std::vector<QueueItem> items, QueueEffects& out) {
  queue.taken -= items.size();
  add_items(queue, items);
  out.emplace_back(SaveQueue{queue.made.durable, ItemsReturned{queue.made.id, std::move(items)}});
  serve_getters(queue, out);
}

// New ones come last, returned ones near the front: both ends are looked at first.
void QueueCore::insert_item(QueueState& queue, QueueItem item) {
  auto& items = queue.items;
  if (items.empty() || items.back().number < item.number) return items.push_back(std::move(item));
  const auto place = std::ranges::lower_bound(items, item.number, {}, &QueueItem::number);
  items.insert(place, std::move(item));
}

void QueueCore::add_items(QueueState& queue, std::vector<QueueItem> items) {
  for (QueueItem& item : items) {
    queue.bytes += cost_of(item.text);
    insert_item(queue, std::move(item));
  }
}

// Items are held from when they are being stored until no consumer can give them back: a reply that nobody reads takes its room as well.
void QueueCore::hold(const std::vector<QueueItem>& items) { bytes_ += cost_of(items); }

void QueueCore::let_go(const std::vector<QueueItem>& items) { bytes_ -= cost_of(items); }

// Room was made for all queues.
void QueueCore::serve_starved(QueueEffects& out) {
  for (const QueueId id : std::exchange(starved_, {}))
    if (QueueState* queue = known(id)) serve_putters(*queue, out);
}

std::vector<StoredQueue> QueueCore::kept_in_memory() const {
  std::vector<StoredQueue> all;
  for (const auto& [id, queue] : queues_) {
    if (queue.made.durable) continue;
    StoredQueue& kept = all.emplace_back();
    kept.made = queue.made;
    kept.items.assign(queue.items.begin(), queue.items.end());
    for (const auto& [key, call] : queue.unconfirmed) {
      const auto with_caller = calls_.find(call.caller);
      const auto& taken = with_caller == calls_.end() ? call.taken : with_caller->second.taken;
      if (call.count > 0) kept.calls.push_back({id, key, call.count});
      if (!taken.empty()) kept.taken.push_back({key, taken});
    }
  }
  return all;
}

}  // namespace jobpool::broker
