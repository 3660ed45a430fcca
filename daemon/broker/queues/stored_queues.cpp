// Records one by one, checked as what comes from a file must be.
#include "daemon/broker/queues/stored_queues.hpp"

#include <algorithm>

namespace jobpool::broker {
namespace {

std::vector<QueueItem> listed(const std::map<ItemNumber, SharedText>& items) {
  std::vector<QueueItem> all;
  all.reserve(items.size());
  for (const auto& [number, text] : items) all.push_back({number, text});
  return all;
}

// In records of about a megabyte, so that none is as large as a queue.
void add_items(std::vector<QueueWrite>& records, QueueId queue, const std::vector<QueueItem>& items) {
  constexpr std::size_t kRecordBytes = std::size_t{1} << 20;
  std::size_t bytes = kRecordBytes;
  for (const QueueItem& item : items) {
    if (bytes >= kRecordBytes) {
      records.emplace_back(ItemsReturned{queue, {}});
      bytes = 0;
    }
    std::get<ItemsReturned>(records.back()).items.push_back(item);
    bytes += item.text.size() + sizeof(QueueItem);
  }
}

}  // namespace

bool StoredQueues::apply(const QueueWrite& write) {
  return std::visit([this](const auto& one) { return apply_one(one); }, write);
}

StoredQueues::Kept* StoredQueues::find(QueueId queue) {
  const auto found = queues_.find(queue);
  return found == queues_.end() ? nullptr : &found->second;
}

bool StoredQueues::apply_one(const QueueMade& made) {
  const auto has_name = [&](const auto& entry) { return entry.second.made.name == std::string_view(made.name); };
  if (made.id.value == 0 || made.name.empty() || std::ranges::any_of(queues_, has_name)) return false;
  return queues_.emplace(made.id, Kept{made, {}, {}, {}}).second;
}

bool StoredQueues::apply_one(const QueueDeleted& deleted) { return queues_.erase(deleted.queue) == 1; }

bool StoredQueues::apply_one(const ItemsPut& put) {
  Kept* queue = find(put.queue);
  if (queue == nullptr) return false;
  ItemNumber number = put.first;
  for (const SharedText& item : put.items) {
    const auto has_it = [number](const auto& taken) { return taken.second.contains(number); };
    if (std::ranges::any_of(queue->taken, has_it) || !queue->items.emplace(number, item).second) return false;
    ++number.value;
  }
  queue->made.unfinished += put.items.size();
  if (!put.key.empty()) queue->calls[put.key] = put.put_by_it;
  return true;
}

bool StoredQueues::apply_one(const ItemsTaken& taken) {
  Kept* queue = find(taken.queue);
  if (queue == nullptr) return false;
  for (const ItemNumber number : taken.items) {
    auto node = queue->items.extract(number);
    if (node.empty()) return false;
    if (!taken.key.empty()) queue->taken[taken.key].insert(std::move(node));
  }
  return true;
}

bool StoredQueues::apply_one(const ItemsGone& gone) {
  Kept* queue = find(gone.queue);
  if (queue == nullptr) return false;
  for (const ItemNumber number : gone.items) {
    for (auto& [key, items] : queue->taken) items.erase(number);
  }
  std::erase_if(queue->taken, [](const auto& entry) { return entry.second.empty(); });
  return true;
}

bool StoredQueues::apply_one(const ItemsReturned& returned) {
  Kept* queue = find(returned.queue);
  if (queue == nullptr) return false;
  for (const QueueItem& item : returned.items) {
    for (auto& [key, items] : queue->taken) items.erase(item.number);
    if (!queue->items.emplace(item.number, item.text).second) return false;
  }
  std::erase_if(queue->taken, [](const auto& entry) { return entry.second.empty(); });
  return true;
}

bool StoredQueues::apply_one(const ItemsDone& done) {
  Kept* queue = find(done.queue);
  if (queue == nullptr || done.count > queue->made.unfinished) return false;
  queue->made.unfinished -= done.count;
  if (!done.key.empty()) queue->calls[done.key] = done.count;
  return true;
}

bool StoredQueues::apply_one(const CallKept& call) {
  Kept* queue = find(call.queue);
  if (queue == nullptr || call.key.empty()) return false;
  queue->calls[call.key] = call.count;
  return true;
}

bool StoredQueues::apply_one(const CallForgotten& call) {
  Kept* queue = find(call.queue);
  if (queue == nullptr) return false;
  queue->calls.erase(call.key);
  return true;
}

std::vector<StoredQueue> StoredQueues::all() const {
  std::vector<StoredQueue> queues;
  for (const auto& [id, kept] : queues_) {
    StoredQueue& queue = queues.emplace_back();
    queue.made = kept.made;
    queue.items = listed(kept.items);
    for (const auto& [key, items] : kept.taken) queue.taken.push_back({key, listed(items)});
    for (const auto& [key, count] : kept.calls) queue.calls.push_back({id, key, count});
  }
  return queues;
}

std::vector<QueueWrite> records_of(const StoredQueue& queue) {
  const QueueId id = queue.made.id;
  std::vector<QueueWrite> records{queue.made};
  add_items(records, id, queue.items);
  for (const StoredQueue::Taken& taken : queue.taken) {
    ItemsTaken numbers{id, taken.key, {}};
    for (const QueueItem& item : taken.items) numbers.items.push_back(item.number);
    add_items(records, id, taken.items);
    records.emplace_back(std::move(numbers));
  }
  for (const CallKept& call : queue.calls) records.emplace_back(call);
  return records;
}

}  // namespace jobpool::broker
