// The values of the samples, odd on purpose: quotes, other scripts, large numbers.
#include "tests/unit/proto/samples.hpp"

namespace jobpool::proto {

Submission full_function() {
  Submission job;
  job.function = "thumbnail";
  job.arguments = R"(["a \"quoted\" 就绪.jpg",{"w":640,"ratio":1.5},null])";
  job.grace = Microseconds(250'000);
  job.name = "thumbnail of 就绪";
  job.pool = "images";
  job.key = "5d41402abc4b2a76b9719d911017c592";
  job.detach = true;
  return job;
}

Submission full_command() {
  Submission job;
  job.command = {"sh", "-c", "echo \"$A\"\n", "/", ""};
  job.cwd = "/var/tmp/就绪";
  job.environment = {"A=b=\tc", "PATH=/usr/bin:/bin"};
  job.umask = 077;
  job.stdin_file = "/dev/null";
  job.name = "echo";
  return job;
}

Submission nice_command() {
  Submission job;
  job.command = {"make"};
  job.nice = -5;
  return job;
}

Submission delayed_command() {
  Submission job;
  job.command = {"make"};
  job.durable = true;
  job.priority = -1000;
  job.delay = Microseconds(1'500'000);
  job.after = {JobId{3}, JobId{9'223'372'036'854'775'807u}};
  job.after_any = {JobId{4}};
  job.retries = 10'000;
  job.backoff = Microseconds(0);
  job.timeout = Microseconds(315'360'000'000'000);
  job.if_full = IfFull::block;
  return job;
}

Submission timed_function() {
  Submission job;
  job.function = "nightly";
  job.durable = false;
  job.priority = 1000;
  job.at_usec = 1'795'543'200'000'000;
  job.if_full = IfFull::fail;
  return job;
}

Submission full_connected_command() {
  Submission job;
  job.command = {"cat"};
  job.stdin_index = 0;
  job.stdout_index = 1;
  job.stderr_index = 2;
  return job;
}

Submission full_binary_command() {
  Submission job;
  job.command = {"cat", "\xFF"};
  job.cwd = "/\xFE";
  job.environment = {"A=\x80"};
  job.stdin_file = "/in/\xC0";
  job.key = "k";
  return job;
}

Ending full_ending() {
  Ending ending;
  ending.id = JobId{12};
  ending.outcome = Outcome::failed;
  ending.exit_code = 3;
  ending.signal = 15;
  ending.reason = "the \"exception's\" text";
  ending.error_type = "std::runtime_error";
  ending.result = R"({"a":[1,"\n"]})";
  ending.standard_output = {"out 输出\n", true};
  ending.standard_error = {"err\x1b[0m\n", true};
  ending.resources = Resources{1'000, 2'000, 4'194'304};
  return ending;
}

Job full_job() {
  Job job;
  job.id = JobId{12};
  job.pool = "images";
  job.name = "nightly";
  job.description = "sh -c 'echo \"x\"'";
  job.state = JobState::done;
  job.outcome = Outcome::crashed;
  job.exit_code = -1;
  job.signal = 9;
  job.reason = "died of signal 9";
  job.error_type = "none";
  job.attempt = 2;
  job.worker = 4'294'967'295u;
  job.pid = 4'194'304;
  job.submitted_usec = 1'700'000'000'000'000;
  job.started_usec = 1'700'000'000'000'001;
  job.ended_usec = 1'700'000'000'000'002;
  job.resources = Resources{1, 2, 3};
  return job;
}

Job full_scheduled_job() {
  Job job;
  job.id = JobId{13};
  job.pool = "default";
  job.description = "make";
  job.state = JobState::waiting;
  job.attempt = 2;
  job.submitted_usec = 1'700'000'000'000'000;
  job.durable = true;
  job.priority = -7;
  job.retries = 3;
  job.not_before_usec = 1'700'000'060'000'000;
  job.waiting_for = "its \"retry\"";
  job.after = {JobId{3}, JobId{5}};
  job.after_any = {JobId{4}};
  job.key = "nightly 就绪";
  Attempt first;
  first.number = 1;
  first.worker = 1;
  first.pid = 4'242;
  first.started_usec = 1'700'000'000'000'001;
  first.ended_usec = 1'700'000'000'000'002;
  first.outcome = Outcome::failed;
  first.exit_code = 3;
  first.signal = 9;
  first.resources = Resources{1, 2, 3};
  first.reason = "so it was";
  first.error_type = "std::runtime_error";
  Attempt second;
  second.number = 2;
  job.attempts = {first, second};
  return job;
}

Job full_job_with_times() {
  Job job = full_scheduled_job();
  job.since_usec = 1'700'000'000'000'003;
  job.ready_time_usec = 1;
  job.running_time_usec = 2;
  job.waiting_time_usec = 86'400'000'000;
  for (Attempt& attempt : job.attempts) attempt.ready_usec = 1'700'000'000'000'000;
  job.history = {{JobState::ready, 1'700'000'000'000'000, 1'700'000'000'000'001},
                 {JobState::running, 1'700'000'000'000'001, 1'700'000'000'000'003},
                 {JobState::waiting, 1'700'000'000'000'003, {}}};
  return job;
}

Event full_job_event() {
  Event event;
  event.kind = EventKind::job;
  event.usec = 1'700'000'000'000'000;
  event.job = JobId{12};
  event.pool = "images";
  event.state = "waiting";
  event.attempt = 2;
  event.worker = 3;
  event.pid = 4'242;
  event.outcome = Outcome::failed;
  event.exit_code = 3;
  event.signal = 9;
  event.reason = "so it \"was\" 就绪";
  event.error_type = "std::runtime_error";
  event.waiting_for = "its retry";
  return event;
}

Event full_worker_event() {
  Event event;
  event.kind = EventKind::worker;
  event.usec = 1'700'000'000'000'001;
  event.pool = "default";
  event.state = "died";
  event.worker = 1;
  event.pid = 4'243;
  event.reason = "was killed by signal 9";
  return event;
}

Stats full_stats() {
  Stats stats;
  stats.since_usec = 1'700'000'000'000'000;
  stats.recent_usec = 10'000'000;
  stats.refused = 4;
  stats.worker_restarts = 1;
  stats.broker_restarts = 2;
  stats.rescued_wakeups = 0;
  stats.events_listeners = 3;
  PoolStats pool;
  pool.name = "images";
  pool.accepted = 1'000'000;
  pool.started = 1'000'001;
  pool.retried = 7;
  pool.revoked = 8;
  pool.ended = {1, 2, 3, 4, 5, 6, 7, 8};
  pool.recent_accepted = 11;
  pool.recent_started = 12;
  pool.recent_ended = 13;
  pool.queueing = {5, 40, 1, 100, 30, 90, 100};
  pool.running = {9'007'199'254'740'993, 50, 2, 101, 31, 91, 99};
  stats.pools = {pool, PoolStats{}};
  stats.pools.back().name = "default";
  stats.total = pool;
  stats.total.name = "all pools";
  return stats;
}

Hello full_hello() { return {"0.1.0", "b7c0a6f2", 4'242, 4'243, 86'400'000'000}; }

Hello hello_of_one_who_understands() {
  Hello hello = full_hello();
  hello.understands = {"inherited", "later"};
  return hello;
}

Status full_status() {
  Status status;
  status.version = "0.1.0";
  status.instance = "b7c0a6f2";
  status.uptime_usec = 86'400'000'000;
  status.connections = 3;
  status.worker_restarts = 1;
  status.broker_restarts = 2;
  status.rescued_wakeups = 0;
  status.pools = {{"default", "running", 2, 1, 1, 1'000'000, 1, 7, 9'007'199'254'740'993}, {"images", "closed", 4, 4, 0, 0, 0, 0, 0}};
  return status;
}

Status status_with_reloads() {
  Status status = full_status();
  status.reloads = 9'007'199'254'740'993;
  status.failed_reloads = 0;
  return status;
}

Status status_with_a_waiting_reload() {
  Status status = full_status();
  status.workers_retiring = 2;
  return status;
}

Status status_while_going_down() {
  Status status = full_status();
  status.draining = true;
  return status;
}

Status status_with_times() {
  Status status = full_status();
  status.pools.front().ready_time_usec = 333;
  status.pools.front().running_time_usec = 1'000'000;
  status.pools.front().waiting_time_usec = 0;
  return status;
}

PoolInfo full_pool() {
  PoolInfo pool;
  static_cast<PoolStatus&>(pool) = {"images", "running", 3, 1, 1, 4, 1, 7, 12};
  pool.size = 4;
  pool.min = 1;
  pool.idle_usec = 30'000'000;
  pool.max_tasks = 1000;
  pool.memory_bytes = 536'870'912;
  pool.initializer = "load_model";
  pool.arguments = "[\"small\"]";
  pool.setup_error = "std::runtime_error: no such model";
  pool.setup_failures = 3;
  pool.worker_list = {{3, 4711, "running", JobId{21}, 5}, {4, 4712, "starting", std::nullopt, 0}};
  return pool;
}

PoolInfo threaded_pool() {
  PoolInfo pool;
  static_cast<PoolStatus&>(pool) = {"threads", "running", 1, 0, 1, 0, 2, 0, 9};
  pool.size = 1;
  pool.threads = 4;
  pool.worker_list = {{5, 4713, "running", JobId{22}, 9, {JobId{22}, JobId{23}}}};
  return pool;
}

CreatePoolRequest threaded_create_pool() {
  CreatePoolRequest request;
  request.name = "threads";
  request.workers = 1;
  request.threads = 4;
  return request;
}

PoolInfo plain_pool() {
  PoolInfo pool;
  static_cast<PoolStatus&>(pool) = {"default", "joined", 0, 0, 0, 0, 0, 0, 3};
  pool.size = 2;
  return pool;
}

CreatePoolRequest full_create_pool() {
  CreatePoolRequest request;
  request.name = "images";
  request.workers = 4;
  request.min = 1;
  request.idle_time = Microseconds(30'000'000);
  request.max_tasks = 1000;
  request.memory_bytes = 536'870'912;
  request.initializer = "load_model";
  request.arguments = "[\"small\"]";
  return request;
}

}  // namespace jobpool::proto
