// Fuzzes the queue log as a broker finds it: nothing crashes its reader, and what was read, written anew, reads the same again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "daemon/broker/store/queue_log_format.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/support/store/queues_text.hpp"

using jobpool::fuzz::require;
using namespace jobpool::broker;

// The header is ours: the bytes are the records behind it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kInstance = 7;
  std::string log;
  append_queue_log_header(log, kInstance);
  log.append(reinterpret_cast<const char*>(data), size);
  const ReadQueueLog read = read_queue_log(log, kInstance);
  require(read.how != ReadQueueLog::How::other_instance, "the header is not known again");
  require(read.used_bytes <= log.size(), "more was used than is there");
  if (read.how == ReadQueueLog::How::damaged) return 0;
  std::string anew;
  append_queue_log_header(anew, kInstance);
  for (const StoredQueue& queue : read.queues.all())
    for (const QueueWrite& record : records_of(queue)) append_queue_record(anew, record);
  const ReadQueueLog again = read_queue_log(anew, kInstance);
  require(again.how == ReadQueueLog::How::whole && again.used_bytes == anew.size(), "what was written anew cannot be read");
  require(jobpool::testing::text_of(again.queues.all()) == jobpool::testing::text_of(read.queues.all()), "it reads as something else");
  return 0;
}
