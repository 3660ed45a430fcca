// See record_reader.hpp.
#include "daemon/broker/store/record_reader.hpp"

#include <optional>
#include <utility>

#include "daemon/broker/store/flag_bits.hpp"

namespace jobpool::broker {
namespace {

constexpr const char* kJobs =
    "SELECT id, pool, mode, kind, flags, priority, retries, uid, grace_usec, timeout_usec, backoff_usec, not_before_usec, name, "
    "description, key,"
    " spec_hash, submitted_usec, CASE WHEN ending.job IS NULL THEN payload ELSE x'' END, ending.outcome, ending.ended_usec, ending.reason"
    " FROM job LEFT JOIN ending ON ending.job = job.id ORDER BY id";
constexpr const char* kOneJob =
    "SELECT id, pool, mode, kind, flags, priority, retries, uid, grace_usec, timeout_usec, backoff_usec, not_before_usec, name, "
    "description, key, spec_hash, submitted_usec, payload, NULL FROM job WHERE id = ?";
constexpr const char* kDependenciesOfOne = "SELECT job, after, needs FROM dependency WHERE job = ? ORDER BY position";
constexpr const char* kNotes = "SELECT job, retry_of, items FROM job_note ORDER BY job";
constexpr const char* kNotesOfOne = "SELECT job, retry_of, items FROM job_note WHERE job = ?";
constexpr const char* kDependencies = "SELECT job, after, needs FROM dependency ORDER BY job, position";
constexpr const char* kAttempts =
    "SELECT attempt.id >> 17, attempt.id & 131071, recorded_by, worker, pid, started_usec, ended_usec, outcome, exit_code, signal, "
    "user_usec, system_usec, "
    "max_rss_bytes, reason,"
    " error_type FROM attempt LEFT JOIN attempt_end ON attempt_end.id = attempt.id ORDER BY attempt.id";

constexpr const char* kPools =
    "SELECT number, name, state, paused, deleted, size, min, idle_usec, max_tasks, memory_bytes, initializer, arguments,"
    " threads FROM pool ORDER BY number";

constexpr int kOutcomes = 8;

// The columns of a row, one after the other; a number that does not fit where it goes is remembered.
class Columns {
 public:
  explicit Columns(const Statement& row) : row_(row) {}

  template <class Number = std::int64_t>
  Number number() {
    const std::int64_t value = row_.number(at_++);
    if (sizeof(Number) < 8 && !std::in_range<Number>(value)) is_sound_ = false;
    return static_cast<Number>(value);
  }
  template <class Choice>
  Choice choice(int first, int last) {
    const auto value = number<int>();
    if (value < first || value > last) is_sound_ = false;
    return static_cast<Choice>(value);
  }
  template <class Read>
  auto unless_null(Read read) -> std::optional<decltype(read())> {
    if (!row_.is_null(at_)) return read();
    ++at_;
    return std::nullopt;
  }
  std::string_view bytes() { return row_.bytes(at_++); }
  bool is_sound() const { return is_sound_; }

 private:
  const Statement& row_;
  int at_ = 0;
  bool is_sound_ = true;
};

Error unsound(JobId job) {
  return Error{Errc::protocol, "job " + std::to_string(job.value) +
                                   ": its rows in jobs.sqlite are damaged; restore the state directory from a backup, or move it away"};
}

bool read(Columns columns, StoredJob& stored) {
  JobRecord& job = stored.job;
  job.id = JobId{columns.number<std::uint64_t>()};
  job.terms.pool = PoolNumber{columns.number<std::uint16_t>()};
  job.terms.mode = columns.choice<Mode>(0, 1);
  job.terms.kind = columns.choice<shm::JobKind>(1, 2);
  job.terms.flags = flags_from(columns.choice<int>(0, kFlagBits));
  job.terms.priority = columns.number<std::int16_t>();
  job.terms.retries = columns.number<std::uint16_t>();
  job.terms.uid = columns.number<uid_t>();
  job.terms.grace = Microseconds{columns.number()};
  job.terms.timeout = Microseconds{columns.number()};
  job.terms.backoff = Microseconds{columns.number()};
  job.terms.not_before_usec = columns.number();
  job.name = columns.bytes();
  job.description = columns.bytes();
  job.key = columns.bytes();
  job.spec_hash = columns.number<std::uint64_t>();
  job.submitted_usec = columns.number();
  job.payload = columns.bytes();
  const auto outcome = columns.unless_null([&] { return columns.choice<Outcome>(0, kOutcomes - 1); });
  stored.ended = outcome.has_value();
  if (stored.ended) stored.end = JobEnd{job.id, *outcome, columns.number(), columns.bytes(), {}};
  return columns.is_sound();
}

bool read(Columns columns, PoolRecord& pool) {
  // The table of pools has a place for each number up to the largest.
  pool.number = PoolNumber{static_cast<std::uint16_t>(columns.choice<int>(0, static_cast<int>(kMaxPools) - 1))};
  PoolSettings& settings = pool.settings;
  settings.name = columns.bytes();
  pool.state = columns.choice<PoolState>(0, 2);
  pool.paused = columns.choice<int>(0, 1) != 0;
  pool.deleted = columns.choice<int>(0, 1) != 0;
  settings.size = columns.unless_null([&] { return columns.number<std::uint32_t>(); });
  settings.min = columns.unless_null([&] { return columns.number<std::uint32_t>(); });
  settings.idle_time = Microseconds{columns.number()};
  settings.max_tasks = columns.number<std::uint32_t>();
  settings.memory_bytes = columns.number<std::uint64_t>();
  settings.initializer = columns.bytes();
  settings.arguments = columns.bytes();
  settings.threads = static_cast<std::uint32_t>(columns.choice<int>(1, static_cast<int>(shm::kMaxThreads)));
  return columns.is_sound() && settings.idle_time >= Microseconds{0};
}

bool read(Columns columns, Dependency& dependency) {
  columns.number();  // the job, known to the cursor
  dependency.job = JobId{columns.number<std::uint64_t>()};
  const int needs = columns.choice<int>(0, 4);
  dependency.needs = needs == 1 ? Dependency::Needs::end : needs >= 3 ? Dependency::Needs::failure : Dependency::Needs::success;
  dependency.is_met_if_gone = needs == 2 || needs == 4;
  return columns.is_sound();
}

bool read(Columns columns, JobNotes& notes) {
  columns.number();
  notes.retry_of = JobId{columns.number<std::uint64_t>()};
  notes.items = columns.number<std::uint32_t>();
  return columns.is_sound();
}

bool read(Columns columns, Attempt& attempt) {
  columns.number();
  attempt.number = columns.number<std::uint32_t>();
  attempt.recorded_by = columns.number<std::uint64_t>();
  attempt.worker = WorkerNumber{columns.number<std::uint32_t>()};
  attempt.pid = columns.number<std::int32_t>();
  attempt.started_usec = columns.number();
  attempt.ended_usec = columns.number();
  attempt.outcome = columns.unless_null([&] { return columns.choice<Outcome>(0, kOutcomes - 1); });
  attempt.exit_code = columns.unless_null([&] { return columns.number<int>(); });
  attempt.signal = columns.unless_null([&] { return columns.number<int>(); });
  attempt.user_usec = columns.number();
  attempt.system_usec = columns.number();
  attempt.max_rss_bytes = columns.number();
  attempt.reason = columns.bytes();
  attempt.error_type = columns.bytes();
  return columns.is_sound();
}

// The rows of one table that belong to the jobs, walked along with them: both are in the order of ids.
class Companions {
 public:
  static Result<Companions> begin(const Database& database, const char* sql) {
    auto statement = Statement::prepare(database, sql);
    if (!statement) return statement.error();
    Companions companions(std::move(*statement));
    if (auto first = companions.advance(); !first) return first.error();
    return companions;
  }

  // Appends the rows of `job`. Errors: io; protocol: a row that is damaged, or of a job before this one, which is not there.
  template <class Value>
  Result<void> take(JobId job, std::vector<Value>& values) {
    while (has_row_ && this->job() == job) {
      if (!read(Columns(statement_), values.emplace_back())) return unsound(job);
      if (auto next = advance(); !next) return next;
    }
    return has_row_ && this->job() < job ? Result<void>{unsound(this->job())} : Result<void>{};
  }

  bool has_row() const { return has_row_; }
  JobId job() const { return JobId{static_cast<std::uint64_t>(statement_.number(0))}; }

 private:
  explicit Companions(Statement statement) : statement_(std::move(statement)) {}
  Result<void> advance() {
    const auto row = statement_.next_row();
    if (!row) return row.error();
    has_row_ = *row;
    return {};
  }

  Statement statement_;
  bool has_row_ = false;
};

}  // namespace

Result<std::vector<StoredJob>> read_jobs(const Database& database) {
  auto jobs = Statement::prepare(database, kJobs);
  if (!jobs) return jobs.error();
  auto dependencies = Companions::begin(database, kDependencies);
  if (!dependencies) return dependencies.error();
  auto attempts = Companions::begin(database, kAttempts);
  if (!attempts) return attempts.error();
  auto notes = Companions::begin(database, kNotes);
  if (!notes) return notes.error();
  std::vector<StoredJob> all;
  std::vector<JobNotes> own;  // one at most
  for (;;) {
    const auto row = jobs->next_row();
    if (!row) return row.error();
    if (!*row) break;
    StoredJob& stored = all.emplace_back();
    if (!read(Columns(*jobs), stored) || stored.job.id.value == 0) return unsound(stored.job.id);
    if (auto taken = dependencies->take(stored.job.id, stored.job.after); !taken) return taken.error();
    if (auto taken = attempts->take(stored.job.id, stored.attempts); !taken) return taken.error();
    if (auto taken = notes->take(stored.job.id, own); !taken) return taken.error();
    for (const JobNotes& note : std::exchange(own, {})) stored.job.notes = note;
  }
  if (dependencies->has_row()) return unsound(dependencies->job());
  if (attempts->has_row()) return unsound(attempts->job());
  if (notes->has_row()) return unsound(notes->job());
  return all;
}

Result<std::vector<PoolRecord>> read_pools(const Database& database) {
  auto statement = Statement::prepare(database, kPools);
  if (!statement) return statement.error();
  std::vector<PoolRecord> pools;
  for (;;) {
    const auto row = statement->next_row();
    if (!row) return row.error();
    if (!*row) return pools;
    if (!read(Columns(*statement), pools.emplace_back()))
      return Error{Errc::protocol, "a pool: its row in jobs.sqlite is damaged; restore the state directory from a backup, or move it away"};
  }
}

Result<JobRecord> read_job(const Database& database, JobId job) {
  auto statement = Statement::prepare(database, kOneJob);
  if (!statement) return statement.error();
  statement->begin(job.value);
  const auto row = statement->next_row();
  if (!row) return row.error();
  if (!*row) return Error{Errc::not_found, "job " + std::to_string(job.value) + ": not in the store"};
  StoredJob stored;
  if (!read(Columns(*statement), stored)) return unsound(job);
  auto notes = Statement::prepare(database, kNotesOfOne);
  if (!notes) return notes.error();
  notes->begin(job.value);
  const auto has_notes = notes->next_row();
  if (!has_notes) return has_notes.error();
  if (*has_notes && !read(Columns(*notes), stored.job.notes)) return unsound(job);
  auto dependencies = Statement::prepare(database, kDependenciesOfOne);
  if (!dependencies) return dependencies.error();
  dependencies->begin(job.value);
  for (;;) {
    const auto next = dependencies->next_row();
    if (!next) return next.error();
    if (!*next) return std::move(stored.job);
    if (!read(Columns(*dependencies), stored.job.after.emplace_back())) return unsound(job);
  }
}

Result<std::string> read_result(const Database& database, const ResultFiles& files, JobId job) {
  auto statement = Statement::prepare(database, "SELECT result_bytes, result FROM ending WHERE job = ?");
  if (!statement) return statement.error();
  statement->begin(job.value);
  const auto row = statement->next_row();
  if (!row) return row.error();
  if (!*row) return Error{Errc::not_found, "job " + std::to_string(job.value) + ": no result"};
  const std::int64_t size = statement->number(0);
  if (size > 0 && statement->is_null(1)) return files.read(job, static_cast<std::size_t>(size));
  std::string result{statement->bytes(1)};
  if (size < 0 || result.size() != static_cast<std::size_t>(size)) return unsound(job);
  return result;
}

Result<std::vector<JobId>> jobs_with_result_files(const Database& database) {
  auto statement = Statement::prepare(database, "SELECT job FROM ending WHERE result_bytes > 0 AND result IS NULL ORDER BY job");
  if (!statement) return statement.error();
  std::vector<JobId> jobs;
  for (;;) {
    const auto row = statement->next_row();
    if (!row) return row.error();
    if (!*row) return jobs;
    jobs.push_back(JobId{static_cast<std::uint64_t>(statement->number(0))});
  }
}

}  // namespace jobpool::broker
