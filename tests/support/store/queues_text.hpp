// What is kept of queues as one text, field by field. For tests only.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "daemon/broker/queues/records.hpp"

namespace jobpool::testing {

inline std::string text_of(const std::vector<broker::StoredQueue>& queues) {
  std::ostringstream out;
  for (const broker::StoredQueue& queue : queues) {
    out << queue.made.id.value << " " << queue.made.name << " " << queue.made.maxsize << " " << queue.made.made_usec << " "
        << queue.made.unfinished << ":";
    for (const broker::QueueItem& item : queue.items) out << " " << item.number.value << "=" << item.text;
    for (const auto& taken : queue.taken) {
      out << " [" << taken.key;
      for (const broker::QueueItem& item : taken.items) out << " " << item.number.value << "=" << item.text;
      out << "]";
    }
    for (const broker::CallKept& call : queue.calls) out << " (" << call.key << " " << call.count << ")";
    out << "\n";
  }
  return out.str();
}

}  // namespace jobpool::testing
