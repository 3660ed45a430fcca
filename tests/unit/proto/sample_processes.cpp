// The values of the samples of org.jobpool.Process and org.jobpool.Queue.
#include "tests/unit/proto/samples.hpp"

namespace jobpool::proto {

Submission command_target() {
  Submission target = full_command();
  target.name.clear();
  target.nice = 5;
  target.grace = Microseconds(250'000);
  return target;
}

Submission function_target() {
  Submission target;
  target.function = "thumbnail";
  target.arguments = R"(["a.jpg"])";
  return target;
}

Submission binary_target() {
  Submission target = full_binary_command();
  target.key.clear();
  return target;
}

Process full_process() {
  Process process;
  process.name = "mailer";
  process.id = JobId{7};
  process.daemonic = true;
  process.pid = 4711;
  process.parent_pid = 4710;
  process.exit_code = -15;
  process.state = JobState::done;
  process.outcome = Outcome::failed;
  process.reason = "died of signal 15";
  process.description = "sleep 10";
  process.started_usec = 1'700'000'000'000'000;
  process.ended_usec = 1'700'000'000'000'001;
  return process;
}

Process young_process() {
  Process process;
  process.name = "Process-8";
  process.id = JobId{8};
  process.alive = true;
  process.description = "@square(7)";
  return process;
}

Queue full_queue() {
  Queue queue;
  queue.name = "mail.in-box_2";
  queue.maxsize = 1'000'000'000;
  queue.durable = true;
  queue.size = 1;
  queue.bytes = 9'007'199'254'740'993;
  queue.unfinished = 3;
  queue.taken = 4;
  queue.putters = 5;
  queue.getters = 6;
  queue.joiners = 7;
  queue.created_usec = 1'700'000'000'000'000;
  return queue;
}

QueueWait full_wait() { return {true, Microseconds(1'500'000), "5d41402abc4b2a76b9719d911017c592", JobId{12}}; }

}  // namespace jobpool::proto
