// The protocol's messages as C++ types, with strict reading and plain writing: the .varlink files' other half.
// Used by the broker (reads requests, writes replies) and by the client library (the other way round).
//
// Reading a request is strict: a missing, unknown or wrongly typed field is an Error invalid_argument whose text is that field's path
// alone ("job.umask"), ready for InvalidParameter. Reading a reply ignores fields it does not know. Base64 twins are resolved here:
// the C++ side sees bytes. Absent optional fields keep the defaults below.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "common/ids.hpp"
#include "common/outcome.hpp"
#include "common/result.hpp"
#include "proto/json_string.hpp"
#include "proto/json_text.hpp"

namespace jobpool::proto {

inline constexpr std::size_t kMaxPayloadBytes = 16 * 1024 * 1024;  // arguments, result: one of them inline
inline constexpr std::size_t kMaxOutputInReply = 1024 * 1024;      // of each stream
inline constexpr std::size_t kMaxKeyBytes = 128;
inline constexpr std::size_t kMaxIds = 100'000;             // in one request: a message of about 1 MiB
inline constexpr int kLowestNice = -20, kHighestNice = 19;  // the kernel's
inline constexpr int kLowestPriority = -1000, kHighestPriority = 1000;
inline constexpr std::size_t kMaxDependencies = 10'000;      // of one job: a message of about 100 KiB
inline constexpr std::size_t kMaxChunks = kMaxDependencies;  // of one batch, which comes after them
inline constexpr int kMaxRetries = 10'000;
inline constexpr Microseconds kMaxBackoff = std::chrono::hours(1);
inline constexpr std::string_view kDefaultPool = "default";
inline constexpr std::size_t kMaxPoolNameBytes = 64;
inline constexpr std::int64_t kMinMemoryBytes = std::int64_t{4} << 20;  // with less a worker cannot even report, nor a command begin
inline constexpr int kMaxTasksPerWorker = 1'000'000'000;
inline constexpr int kMaxThreadsPerWorker = 8;
inline constexpr std::string_view kUnderstandsInherited = "inherited";  // of Hello's `understands`: that member of Submission

// What happens to a submission that finds the pool's queue full.
enum class IfFull : std::uint8_t { fail, block };

struct Submission {
  std::optional<std::string> function;  // exactly one of function and a non-empty command
  std::string arguments = "[]";
  std::string_view large_arguments;  // instead of these, where they were read to a place of the reader's own: large_call.hpp
  std::optional<std::string> items;  // of a chunk of a map, instead of arguments
  std::vector<std::string> command;
  std::string cwd = "/";
  std::optional<std::vector<std::string>> environment;
  std::size_t inherited = 0;  // so many of these, from the first, its caller merely had
  int umask = 022;
  std::optional<int> nice;                   // of a command; absent: as the workers
  std::optional<std::int64_t> memory_bytes;  // of a command: what each of its processes may allocate
  std::optional<int> stdin_index, stdout_index, stderr_index;
  std::string stdin_file;
  Microseconds grace{5'000'000};
  std::string name;
  std::string pool{kDefaultPool};
  std::string key;
  bool detach = false;

  // When it runs, how often, and what outlives what.
  std::optional<bool> durable;  // absent: true for ApplyAsync without descriptors, else false
  int priority = 0;             // higher first
  Microseconds delay{0};
  std::optional<std::int64_t> at_usec;                // wall clock; not together with a delay
  std::vector<JobId> after, after_any, after_failed;  // together at most kMaxDependencies
  int retries = 0;
  Microseconds backoff{1'000'000};  // before the first retry
  Microseconds timeout{0};          // of one attempt, from its start; 0: none
  std::optional<IfFull> if_full;    // absent: fail for ApplyAsync, block for Apply
};

struct Resources {
  std::int64_t user_usec = 0, system_usec = 0, max_rss_bytes = 0;
};

struct Output {
  std::string bytes;
  bool truncated = false;
};

struct Ending {
  JobId id;
  Outcome outcome = Outcome::interrupted;
  std::optional<int> exit_code, signal;
  std::string reason, error_type;
  std::optional<std::string> result;  // JSON text
  std::vector<JobId> chunks;          // of a batch
  std::optional<std::int64_t> items;  // of a batch's chunk: how many it has
  Output standard_output, standard_error;
  std::optional<Resources> resources;
};

struct Attempt {
  int number = 1;
  std::optional<std::uint32_t> worker;
  std::optional<int> pid;
  std::optional<std::int64_t> ready_usec, started_usec, ended_usec;
  std::optional<Outcome> outcome;
  std::optional<int> exit_code, signal;
  std::optional<Resources> resources;
  std::string reason, error_type;
};

// A time that a job was in one state.
struct Period {
  JobState state = JobState::ready;
  std::int64_t from_usec = 0;
  std::optional<std::int64_t> to_usec;  // absent: it still is, or it has ended
};

struct Job {
  JobId id;
  std::string pool, name, description;
  JobState state = JobState::ready;
  std::optional<Outcome> outcome;
  std::optional<int> exit_code, signal;
  std::string reason, error_type;
  int attempt = 0;
  std::optional<std::uint32_t> worker;
  std::optional<int> pid;
  std::int64_t submitted_usec = 0;
  std::optional<std::int64_t> started_usec, ended_usec;
  std::optional<Resources> resources;

  std::optional<bool> durable;  // absent: the daemon is older than the field
  std::optional<int> priority, retries;
  std::optional<std::int64_t> not_before_usec;
  std::string waiting_for;  // in words, while it waits
  std::vector<JobId> after, after_any, after_failed;
  std::string key;
  std::optional<JobId> retry_of;
  // How long it was in each state, and since when it is in this one; absent: not known, or an older daemon.
  std::optional<std::int64_t> since_usec, ready_time_usec, running_time_usec, waiting_time_usec;
  std::vector<Attempt> attempts;  // in Show only
  std::vector<Period> history;    // likewise
};

struct Hello {
  std::string version, instance;
  int supervisor_pid = 0, broker_pid = 0;
  std::int64_t since_usec = 0;  // CLOCK_BOOTTIME
  std::vector<std::string> understands = {};
};

struct PoolStatus {
  std::string name, state;
  std::int64_t workers = 0, workers_idle = 0, workers_running = 0, ready = 0, running = 0, waiting = 0, done = 0;
  // How long its jobs were in each state, on average, of those that have ended; absent: none has, or nobody knows.
  std::optional<std::int64_t> ready_time_usec = {}, running_time_usec = {}, waiting_time_usec = {};
};

struct PoolWorker {
  std::uint32_t number = 0;
  int pid = 0;
  std::string state;  // starting, idle, running or leaving
  std::optional<JobId> job;
  std::int64_t tasks = 0;
  std::vector<JobId> jobs = {};  // of one with threads
};

struct PoolInfo : PoolStatus {
  std::optional<std::int64_t> size, threads, min, idle_usec, max_tasks, memory_bytes;
  std::string initializer, arguments;  // empty: none
  std::string setup_error;             // likewise
  std::int64_t setup_failures = 0;
  std::vector<PoolWorker> worker_list;  // in Show only
};

struct Status {
  std::string version, instance;
  std::int64_t uptime_usec = 0, connections = 0, worker_restarts = 0, broker_restarts = 0, rescued_wakeups = 0;
  std::optional<std::int64_t> reloads = {}, failed_reloads = {};  // absent: a daemon that does not count them
  std::optional<std::int64_t> workers_retiring = {};              // absent: no reload waits for any
  std::optional<bool> draining = {};                              // absent: a daemon that does not say
  std::vector<PoolStatus> pools = {};
};

// Requests: read_… takes the call's `parameters` object (null: as empty). write_… makes the `parameters` text.
Result<Submission> read_submit(JsonText parameters);  // of Apply and ApplyAsync: {"job": {…}}
std::string write_submit(const Submission& job);
std::string write_submit_call(std::string_view method, const Submission& job);  // as write_call() of that, in one piece

struct MapRequest {
  Submission job;                   // its function, and the terms of each chunk
  std::vector<std::string> chunks;  // the items of each
};
Result<MapRequest> read_map(JsonText parameters);
std::string write_map(const MapRequest& request);

struct GetRequest {
  JobId id;
  std::optional<Microseconds> timeout;
  bool output = true;
};
Result<GetRequest> read_get(JsonText parameters);
std::string write_get(const GetRequest& request);

struct WaitRequest {
  std::vector<JobId> ids;  // 1 to kMaxIds
  std::optional<Microseconds> timeout;
};
Result<WaitRequest> read_wait(JsonText parameters);
std::string write_wait(const WaitRequest& request);

struct CancelRequest {
  std::vector<JobId> ids;
  bool now = false;
};
Result<CancelRequest> read_cancel(JsonText parameters);
std::string write_cancel(const CancelRequest& request);

struct RemoveRequest {
  std::vector<JobId> ids;
};
Result<RemoveRequest> read_remove(JsonText parameters);
std::string write_remove(const RemoveRequest& request);

struct CleanRequest {
  std::optional<Microseconds> older_than;  // since its end
  std::optional<Outcome> outcome;
  std::optional<std::string> pool;
};
Result<CleanRequest> read_clean(JsonText parameters);
std::string write_clean(const CleanRequest& request);

struct ListRequest {
  std::optional<JobState> state;
  std::optional<std::string> pool;
  std::int64_t limit = 100;
};
Result<ListRequest> read_list(JsonText parameters);
std::string write_list(const ListRequest& request);

struct KillRequest {
  JobId id;
  int signal = 0;
};
Result<KillRequest> read_kill(JsonText parameters);
std::string write_kill(const KillRequest& request);

struct RetryRequest {
  JobId id;
  std::string key;  // idempotency key; empty: none
};
Result<RetryRequest> read_retry(JsonText parameters);
std::string write_retry(const RetryRequest& request);

struct LogsRequest {
  JobId id;
  bool standard_error = false;
  bool wait = true;  // for its start
};
Result<LogsRequest> read_logs(JsonText parameters);
std::string write_logs(const LogsRequest& request);

Result<JobId> read_id(JsonText parameters);  // of Ready, Successful, Show
std::string write_id(JobId id);

struct ShutdownRequest {
  bool now = false;
};
Result<ShutdownRequest> read_shutdown(JsonText parameters);
std::string write_shutdown(const ShutdownRequest& request);

struct ReloadRequest {
  bool wait = false;
};
Result<ReloadRequest> read_reload(JsonText parameters);
std::string write_reload(const ReloadRequest& request);

Result<void> read_nothing(JsonText parameters);                // of Hello, Status, Pool.List, GetInfo
Result<std::string> read_interface_name(JsonText parameters);  // of GetInterfaceDescription

// Pools. Their names are "default" where the request has none.
struct CreatePoolRequest {
  std::string name;
  int workers = 0;
  std::optional<int> threads, min, max_tasks;
  std::optional<Microseconds> idle_time;
  std::optional<std::int64_t> memory_bytes;
  std::string initializer;  // empty: none
  std::string arguments = "[]";
};
Result<CreatePoolRequest> read_create_pool(JsonText parameters);
std::string write_create_pool(const CreatePoolRequest& request);

Result<std::string> read_pool_name(JsonText parameters);  // of Show, Pause, Resume, Close, Delete
std::string write_pool_name(std::string_view pool);

struct ResizePoolRequest {
  std::string pool{kDefaultPool};
  std::optional<int> workers;
};
Result<ResizePoolRequest> read_resize_pool(JsonText parameters);
std::string write_resize_pool(const ResizePoolRequest& request);

struct TerminatePoolRequest {
  std::string pool{kDefaultPool};
  std::optional<Microseconds> grace;
};
Result<TerminatePoolRequest> read_terminate_pool(JsonText parameters);
std::string write_terminate_pool(const TerminatePoolRequest& request);

struct JoinPoolRequest {
  std::string pool{kDefaultPool};
  std::optional<Microseconds> timeout;
};
Result<JoinPoolRequest> read_join_pool(JsonText parameters);
std::string write_join_pool(const JoinPoolRequest& request);

// Replies: write_… makes the `parameters` text, read_… takes it parsed. Errors of reading: protocol, naming the field.
std::string write_ending(const Ending& ending);  // {"ending": {…}}
// Appends the same. `large_result`: stands for the result that it has not, where it is not empty. `pass_on`:
// of a large result.
void append_ending_parameters(std::string& out, const Ending& ending, std::string_view large_result, PassOn pass_on);
Result<Ending> read_ending(JsonText parameters);
std::string write_accepted(JobId id);  // {"id": …}
Result<JobId> read_accepted(JsonText parameters);
std::string write_job(const Job& job);  // {"job": {…}}
Result<Job> read_job(JsonText parameters);
nlohmann::json job_object(const Job& job);  // the inner object, for --json
nlohmann::json ending_object(const Ending& ending);
std::string write_hello(const Hello& hello);
Result<Hello> read_hello(JsonText parameters);
std::string write_status(const Status& status);
Result<Status> read_status(JsonText parameters);
std::string write_pool(const PoolInfo& pool);  // {"pool": {…}}
Result<PoolInfo> read_pool(JsonText parameters);
std::string write_pools(const std::vector<PoolInfo>& pools);  // {"pools": […]}
Result<std::vector<PoolInfo>> read_pools(JsonText parameters);
std::string write_ids(std::string_view field, const std::vector<JobId>& ids);  // {"cancelled": [1,2]}
Result<std::vector<JobId>> read_ids(std::string_view field, JsonText parameters);
std::string write_count(std::string_view field, std::int64_t count);  // {"removed": 2}
Result<std::int64_t> read_count(std::string_view field, JsonText parameters);
std::string write_flag(std::string_view field, bool value);  // {"ready": true}
Result<bool> read_flag(std::string_view field, JsonText parameters);

// Of Logs.
struct LogPlace {
  int descriptor = 0;  // its index among those that ride with the reply
  bool running = false;
};
std::string write_log_place(const LogPlace& place);
Result<LogPlace> read_log_place(JsonText parameters);

}  // namespace jobpool::proto
