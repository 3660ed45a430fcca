// A named queue between jobs and clients, multiprocessing's Queue: first in, first out, bounded or not. Cheap to copy; thread-safe.
//
//   jobpool::Queue mail = client.create_queue("mail", {.maxsize = 100});
//   mail.put("hello");                     // from anywhere
//   auto word = mail.get<std::string>();   // from anywhere else
//
// Every call outlives the broker: it is sent again under a key of its own, so that no item is put or taken twice.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobpool/export.hpp"
#include "jobpool/value.hpp"

namespace jobpool {
namespace client {
class Connections;
}

struct QueueOptions {
  std::size_t maxsize = 0;  // 0: unbounded
  bool durable = false;     // it outlives the daemon and the host
  bool exist_ok = false;    // one of that name, maxsize and durability will do
};

// As org.jobpool.Queue.Queue.
struct QueueInfo {
  std::string name;
  std::size_t maxsize = 0;
  bool durable = false;
  std::size_t size = 0, bytes = 0, unfinished = 0, taken = 0, putters = 0, getters = 0, joiners = 0;
  std::int64_t created_usec = 0;
};

class JOBPOOL_EXPORT Queue {
 public:
  using Timeout = std::optional<std::chrono::microseconds>;  // nullopt: as long as it takes

  const std::string& name() const { return name_; }

  // Waits for room. Errors of all: NoSuchQueue (also when it is deleted while the call waits), ConnectionLost; of put, get, task_done and
  // remove: Interrupted, where the daemon did not come back: nobody knows whether they had their effect.
  // Errors: QueueFull (not in time), StoreFull, InvalidCall.
  template <class T>
  void put(const T& item, Timeout timeout = {}) const {
    put_texts({json_text(item)}, timeout, true);
  }
  template <class T>
  void put_nowait(const T& item) const {
    put_texts({json_text(item)}, {}, false);
  }
  // In their order, in one call, each when there is room. Those that were put before QueueFull stay. InvalidCall, and none is put: they are
  // more than 10,000, or more than 24 MiB as JSON strings that hold their text (a quote or a backslash counts twice).
  template <class T>
  void put_all(const std::vector<T>& items, Timeout timeout = {}) const {
    std::vector<std::string> texts;
    for (const T& item : items) texts.push_back(json_text(item));
    put_texts(std::move(texts), timeout, true);
  }

  // Waits for an item. Errors: QueueEmpty (not in time); InvalidCall: the item is of another type, and gone.
  template <class T = Json>
  T get(Timeout timeout = {}) const {
    return json_value<T>(get_texts(1, timeout, true).front());
  }
  template <class T = Json>
  T get_nowait() const {
    return json_value<T>(get_texts(1, {}, false).front());
  }
  // Up to `count` (10,000 at most), waiting for the first only. InvalidCall: one is of another type, and all that were taken are gone; take
  // Json where that may be.
  template <class T = Json>
  std::vector<T> get_some(std::size_t count, Timeout timeout = {}) const {
    std::vector<T> items;
    for (const std::string& text : get_texts(count, timeout, true)) items.push_back(json_value<T>(text));
    return items;
  }

  bool full() const;
  bool empty() const;
  std::size_t qsize() const;

  // Items that were taken are dealt with; how many are not. Errors: DoneTooOften.
  std::size_t task_done(std::size_t count = 1) const;
  // Waits until all are. False: not in time.
  bool join(Timeout timeout = {}) const;

  QueueInfo show() const;
  // Ends it, with what is in it; how many items that were.
  std::size_t remove() const;

  // The same with the items as JSON texts.
  void put_texts(std::vector<std::string> items, Timeout timeout, bool wait) const;
  std::vector<std::string> get_texts(std::size_t count, Timeout timeout, bool wait) const;

 private:
  friend class Client;
  Queue(std::shared_ptr<client::Connections> connections, std::string name)
      : connections_(std::move(connections)), name_(std::move(name)) {}
  template <class T>
  static std::string json_text(const T& value) {
    std::string text;
    append_json(text, value);
    return text;
  }

  std::shared_ptr<client::Connections> connections_;
  std::string name_;
};

}  // namespace jobpool
