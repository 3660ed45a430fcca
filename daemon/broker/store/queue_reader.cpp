// See queue_reader.hpp.
#include "daemon/broker/store/queue_reader.hpp"

#include <algorithm>
#include <functional>
#include <string>

namespace jobpool::broker {
namespace {

constexpr const char* kQueues = "SELECT id, name, maxsize, made_usec, unfinished FROM queue ORDER BY id";
constexpr const char* kItems =
    "SELECT queue, number, item, queue_taken.key FROM queue_item LEFT JOIN queue_taken USING(queue, number) ORDER BY queue, number";
constexpr const char* kCalls = "SELECT queue, key, count FROM queue_call ORDER BY queue, key";
constexpr const char* kLonely =
    "SELECT count(*) FROM queue_taken WHERE NOT EXISTS(SELECT 1 FROM queue_item WHERE queue_item.queue ="
    " queue_taken.queue AND queue_item.number = queue_taken.number)";

Error unsound_queues() {
  return Error{Errc::protocol, "the queues in jobs.sqlite are damaged; restore the state directory from a backup, or move it away"};
}

// Errors: of the database; unsound: `take` says false.
Result<void> each_row(const Database& database, const char* sql, const std::function<bool(const Statement&)>& take) {
  auto statement = Statement::prepare(database, sql);
  if (!statement) return statement.error();
  for (;;) {
    const auto row = statement->next_row();
    if (!row) return row.error();
    if (!*row) return {};
    if (!take(*statement)) return unsound_queues();
  }
}

// Rows come in the order of queues, and so do these.
class QueueCursor {
 public:
  explicit QueueCursor(std::vector<StoredQueue>& queues) : queues_(queues) {}
  // Null: there is none of that id.
  StoredQueue* at(std::int64_t id) {
    while (place_ < queues_.size() && queues_[place_].made.id.value < static_cast<std::uint64_t>(id)) ++place_;
    const bool is_there = id > 0 && place_ < queues_.size() && queues_[place_].made.id.value == static_cast<std::uint64_t>(id);
    return is_there ? &queues_[place_] : nullptr;
  }

 private:
  std::vector<StoredQueue>& queues_;
  std::size_t place_ = 0;
};

bool take_queue(const Statement& row, std::vector<StoredQueue>& queues) {
  StoredQueue& queue = queues.emplace_back();
  queue.made.id = QueueId{static_cast<std::uint64_t>(row.number(0))};
  queue.made.name = row.bytes(1);
  queue.made.maxsize = static_cast<std::uint64_t>(row.number(2));
  queue.made.durable = true;
  queue.made.made_usec = row.number(3);
  queue.made.unfinished = static_cast<std::uint64_t>(row.number(4));
  return row.number(0) > 0 && row.number(2) >= 0 && row.number(4) >= 0 && !queue.made.name.empty();
}

bool take_item(const Statement& row, QueueCursor& queues) {
  StoredQueue* queue = queues.at(row.number(0));
  if (queue == nullptr || row.number(1) <= 0) return false;
  QueueItem item{ItemNumber{static_cast<std::uint64_t>(row.number(1))}, row.bytes(2)};
  if (row.is_null(3)) {
    queue->items.push_back(std::move(item));
    return true;
  }
  const std::string_view key = row.bytes(3);
  const auto place = std::ranges::find_if(queue->taken, [&](const StoredQueue::Taken& taken) { return taken.key == key; });
  StoredQueue::Taken& taken = place == queue->taken.end() ? queue->taken.emplace_back() : *place;
  taken.key = key;
  taken.items.push_back(std::move(item));
  return !key.empty();
}

bool take_call(const Statement& row, QueueCursor& queues) {
  StoredQueue* queue = queues.at(row.number(0));
  if (queue == nullptr || row.number(2) < 0) return false;
  queue->calls.push_back({queue->made.id, row.bytes(1), static_cast<std::uint64_t>(row.number(2))});
  return !queue->calls.back().key.empty();
}

}  // namespace

Result<std::vector<StoredQueue>> read_queues(const Database& database) {
  std::vector<StoredQueue> queues;
  auto read = each_row(database, kQueues, [&](const Statement& row) { return take_queue(row, queues); });
  if (!read) return read.error();
  QueueCursor of_items(queues), of_calls(queues);
  read = each_row(database, kItems, [&](const Statement& row) { return take_item(row, of_items); });
  if (!read) return read.error();
  const auto by_key = [](const StoredQueue::Taken& a, const StoredQueue::Taken& b) {
    return std::string_view(a.key) < std::string_view(b.key);
  };
  for (StoredQueue& queue : queues) std::sort(queue.taken.begin(), queue.taken.end(), by_key);
  read = each_row(database, kCalls, [&](const Statement& row) { return take_call(row, of_calls); });
  if (!read) return read.error();
  read = each_row(database, kLonely, [](const Statement& row) { return row.number(0) == 0; });
  if (!read) return read.error();
  return queues;
}

}  // namespace jobpool::broker
