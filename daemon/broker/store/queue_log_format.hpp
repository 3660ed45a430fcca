// The queue log's bytes: one record after the other. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/broker/queues/stored_queues.hpp"

namespace jobpool::broker {

inline constexpr std::size_t kQueueLogHeaderBytes = 16;

void append_queue_log_header(std::string& out, std::uint64_t instance);
void append_queue_record(std::string& out, const QueueWrite& write);

struct ReadQueueLog {
  enum class How { whole, other_instance, damaged } how = How::whole;
  StoredQueues queues;
  std::uint64_t used_bytes = 0;  // the rest is a record cut short
};
// Any bytes.
ReadQueueLog read_queue_log(std::string_view bytes, std::uint64_t instance);

}  // namespace jobpool::broker
