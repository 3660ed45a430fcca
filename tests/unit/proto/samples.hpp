// Messages with every field set, and all of them together: what the golden files, the interface check and the mutations start from.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "proto/apply_all_messages.hpp"
#include "proto/event_messages.hpp"
#include "proto/messages.hpp"
#include "proto/metrics_messages.hpp"
#include "proto/process_messages.hpp"
#include "proto/queue_messages.hpp"
#include "proto/stats_messages.hpp"

namespace jobpool::proto {

Submission full_function();
Submission full_command();
Submission nice_command();
Submission full_connected_command();
Submission delayed_command();  // with terms: when, how often
Submission timed_function();   // with the terms that exclude those
Submission full_binary_command();
Submission chunk_of_map();
MapRequest full_map();
ApplyAllRequest full_apply_all();
std::vector<ChunkEnding> full_chunk_endings();
Ending full_batch_ending();
Ending full_ending();
Ending chunk_ending();
Submission bounded_command();
Submission inheriting_command();
Submission function_after_failed();
Job full_job();
Job full_scheduled_job();
Job full_job_with_times();
Job retried_job();
Event full_job_event();
Event full_worker_event();
Stats full_stats();
Metrics full_metrics();
Hello full_hello();
Hello hello_of_one_who_understands();
Status full_status();
Status status_with_reloads();
Status status_with_a_waiting_reload();
Status status_with_times();
Status status_while_going_down();
PoolInfo full_pool();
PoolInfo plain_pool();
PoolInfo threaded_pool();
CreatePoolRequest threaded_create_pool();
CreatePoolRequest full_create_pool();
Queue full_queue();
Process full_process();
Process young_process();
Submission command_target();
Submission function_target();
Submission binary_target();
QueueWait full_wait();

enum class Direction { request, reply };

struct Sample {
  std::string file;       // its name in tests/golden/
  std::string interface;  // "org.jobpool.Pool"
  std::string method;     // "Apply"
  Direction direction;
  std::string message;  // as written, without the NUL
  // Reads a message of this kind and writes what was read, without the NUL.
  std::function<Result<std::string>(std::string_view)> rewrite;
};

// One request and one reply of each method at least; together they have every field of the interface files.
std::vector<Sample> all_samples();

}  // namespace jobpool::proto
