// The messages of org.jobpool.Queue as C++ types: what messages.hpp is for the other interfaces, by the same rules.
// Used by the broker (reads requests, writes replies) and by the client library (the other way round).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "common/ids.hpp"
#include "common/result.hpp"
#include "proto/json_text.hpp"

namespace jobpool::proto {

inline constexpr std::size_t kMaxQueueNameBytes = 64;
inline constexpr std::size_t kMaxItemsPerCall = 10'000;  // with the shortest of items a message of some 100 KiB
inline constexpr std::int64_t kMaxQueueSize = 1'000'000'000;

// 1 to 64 bytes of A-Z a-z 0-9 . _ - : fits a file's name, a command line and a log without quotes.
bool is_queue_name(std::string_view name);

struct QueueCreateRequest {
  std::string name;
  std::int64_t maxsize = 0;
  bool durable = false;
  bool exist_ok = false;
};
Result<QueueCreateRequest> read_queue_create(JsonText parameters);
std::string write_queue_create(const QueueCreateRequest& request);

// How a call waits that may have to.
struct QueueWait {
  bool wait = true;
  std::optional<Microseconds> timeout;  // none without waiting
  std::string key;                      // empty: none
  std::optional<JobId> job;
};

struct QueuePutRequest {
  std::string name;
  std::vector<std::string> items;  // JSON text each
  QueueWait how;
};
Result<QueuePutRequest> read_queue_put(JsonText parameters);
std::string write_queue_put(const QueuePutRequest& request);

struct QueueGetRequest {
  std::string name;
  std::int64_t count = 1;
  QueueWait how;
};
Result<QueueGetRequest> read_queue_get(JsonText parameters);
std::string write_queue_get(const QueueGetRequest& request);

struct QueueDoneRequest {
  std::string name;
  std::int64_t count = 1;
  std::string key;
};
Result<QueueDoneRequest> read_queue_done(JsonText parameters);
std::string write_queue_done(const QueueDoneRequest& request);

struct QueueJoinRequest {
  std::string name;
  std::optional<Microseconds> timeout;
  std::optional<JobId> job;
};
Result<QueueJoinRequest> read_queue_join(JsonText parameters);
std::string write_queue_join(const QueueJoinRequest& request);

Result<std::string> read_queue_name(JsonText parameters);  // of Full, Empty, Size, Delete, Show
std::string write_queue_name(const std::string& name);

struct Queue {
  std::string name;
  std::int64_t maxsize = 0;
  bool durable = false;
  std::int64_t size = 0, bytes = 0, unfinished = 0, taken = 0, putters = 0, getters = 0, joiners = 0, created_usec = 0;
};

// Replies.
std::string write_queue(const Queue& queue);  // {"queue": {…}}
Result<Queue> read_queue(JsonText parameters);
std::string write_queues(const std::vector<Queue>& queues);  // {"queues": […]}
Result<std::vector<Queue>> read_queues(JsonText parameters);
std::string write_items(const std::vector<std::string_view>& items);  // {"items": […]}
Result<std::vector<std::string>> read_items(JsonText parameters);

}  // namespace jobpool::proto
