// See record_writer.hpp.
#include "daemon/broker/store/record_writer.hpp"

#include <utility>

#include "daemon/broker/store/flag_bits.hpp"

namespace jobpool::broker {
namespace {

constexpr const char* kJob = "INSERT INTO job VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr const char* kNote = "INSERT INTO job_note VALUES(?, ?, ?)";
constexpr const char* kDependency = "INSERT INTO dependency VALUES(?, ?, ?, ?)";
constexpr const char* kDependencyMet =  // as number_of() has it
    "UPDATE dependency SET needs = CASE needs WHEN 0 THEN 2 WHEN 3 THEN 4 ELSE needs END WHERE job = ? AND position = ?";
constexpr const char* kDetached = "UPDATE job SET flags = flags | 1 WHERE id = ?";  // as bits_of() has it
constexpr const char* kAttempt = "INSERT INTO attempt VALUES(?, ?, ?)";
constexpr const char* kUndone = "DELETE FROM attempt WHERE id = ?";
constexpr const char* kIsRecorded = "SELECT 1 FROM attempt WHERE id = ?";
// A broker that takes over may say again what the last one had said of an attempt.
constexpr const char* kAttemptEnd = "INSERT OR REPLACE INTO attempt_end VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr const char* kPool = "INSERT OR REPLACE INTO pool VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr const char* kEnd = "INSERT INTO ending VALUES(?, ?, ?, ?, ?, ?)";

std::optional<int> number_of(const std::optional<Outcome>& outcome) {
  return outcome ? std::optional<int>(static_cast<int>(*outcome)) : std::nullopt;
}

// Its row's key (schema.cpp). A number has no more than 16 bits and one, as many as retries can be asked for.
std::uint64_t key_of(JobId job, std::uint32_t number) { return (job.value << 17) + number; }

int number_of(const Dependency& dependency) {
  switch (dependency.needs) {
    case Dependency::Needs::end:
      return 1;
    case Dependency::Needs::failure:
      return dependency.is_met_if_gone ? 4 : 3;
    case Dependency::Needs::success:
      break;
  }
  return dependency.is_met_if_gone ? 2 : 0;
}

}  // namespace

Result<RecordWriter> RecordWriter::prepare(Database& database, ResultFiles& files, std::size_t inline_result_bytes) {
  RecordWriter writer(database, files);
  writer.inline_result_bytes_ = inline_result_bytes;
  auto queues = QueueWriter::prepare(database);
  if (!queues) return queues.error();
  writer.queues_.emplace(std::move(*queues));
  auto& sql = writer.sql_;
  const std::pair<std::optional<Statement>*, const char*> all[] = {
      {&sql.job, kJob},
      {&sql.dependency, kDependency},
      {&sql.dependency_met, kDependencyMet},
      {&sql.detached, kDetached},
      {&sql.note, kNote},
      {&sql.attempt, kAttempt},
      {&sql.undone, kUndone},
      {&sql.is_recorded, kIsRecorded},
      {&sql.attempt_end, kAttemptEnd},
      {&sql.end, kEnd},
      {&sql.remove_job, "DELETE FROM job WHERE id = ?"},
      {&sql.remove_dependencies, "DELETE FROM dependency WHERE job = ?"},
      {&sql.remove_note, "DELETE FROM job_note WHERE job = ?"},
      {&sql.remove_attempts, "DELETE FROM attempt WHERE id >= ?1 << 17 AND id < (?1 + 1) << 17"},
      {&sql.remove_attempt_ends, "DELETE FROM attempt_end WHERE id >= ?1 << 17 AND id < (?1 + 1) << 17"},
      {&sql.remove_end, "DELETE FROM ending WHERE job = ?"},
      {&sql.pool, kPool},
      {&sql.remove_pool, "DELETE FROM pool WHERE number = ?"},
  };
  for (const auto& [place, text] : all) {
    auto statement = Statement::prepare(database, text);
    if (!statement) return statement.error();
    place->emplace(std::move(*statement));
  }
  return writer;
}

Result<void> RecordWriter::write(const StoreWrite& write) {
  auto done = std::visit([this](const auto& record) { return this->write(record); }, write);
  if (done || std::holds_alternative<QueueWrite>(write)) return done;
  const JobId job = job_of(write);
  return Error{done.error().code, (job.value > 0 ? "job " + std::to_string(job.value) : "a pool") + ": " + done.error().text};
}

Result<void> RecordWriter::write(const JobRecord& job) {
  const Terms& terms = job.terms;
  auto done = sql_.job->run(job.id.value, terms.pool.value, static_cast<int>(terms.mode), static_cast<int>(terms.kind),
                            bits_of(terms.flags), terms.priority, terms.retries, terms.uid, terms.grace.count(), terms.timeout.count(),
                            terms.backoff.count(), terms.not_before_usec, std::string_view(job.name), std::string_view(job.description),
                            std::string_view(job.key), job.spec_hash, job.submitted_usec, Blob{job.payload});
  int position = 0;
  for (auto dependency = job.after.begin(); done && dependency != job.after.end(); ++dependency)
    done = sql_.dependency->run(job.id.value, position++, dependency->job.value, number_of(*dependency));
  if (done && !job.notes.is_empty()) done = sql_.note->run(job.id.value, job.notes.retry_of.value, job.notes.items);
  return done;
}

Result<void> RecordWriter::write(const PoolRecord& pool) {
  const PoolSettings& settings = pool.settings;
  return sql_.pool->run(pool.number.value, std::string_view(settings.name), static_cast<int>(pool.state), pool.paused ? 1 : 0,
                        pool.deleted ? 1 : 0, settings.size, settings.min, settings.idle_time.count(), settings.max_tasks,
                        settings.memory_bytes, std::string_view(settings.initializer), std::string_view(settings.arguments),
                        settings.threads);
}

Result<void> RecordWriter::write(const PoolRemoval& removal) { return sql_.remove_pool->run(removal.pool.value); }

Result<void> RecordWriter::write(const DependencyMet& met) {
  auto done = sql_.dependency_met->run(met.job.value, met.position);
  if (!done || ::sqlite3_changes(database_->get()) == 1) return done;
  return Error{Errc::invalid_argument, "it was to run after nothing at the place " + std::to_string(met.position)};
}

Result<void> RecordWriter::write(const JobDetached& detached) { return sql_.detached->run(detached.job.value); }

Result<void> RecordWriter::write(const AttemptRecord& attempt) {
  const std::uint64_t key = key_of(attempt.job, attempt.number);
  auto done = sql_.attempt->run(key, attempt.recorded_usec, attempt.recorded_by);
  if (done) open_attempts_.insert(key);
  return done;
}

Result<void> RecordWriter::write(const AttemptUndone& attempt) {
  const std::uint64_t key = key_of(attempt.job, attempt.number);
  open_attempts_.erase(key);
  auto done = sql_.undone->run(key);
  if (!done || ::sqlite3_changes(database_->get()) == 1) return done;
  return Error{Errc::invalid_argument, "an undone attempt was never recorded"};
}

// (Asked for apart: a condition in the INSERT takes as long as both.)
Result<void> RecordWriter::check_recorded(std::uint64_t key) {
  if (open_attempts_.erase(key) > 0) return {};
  sql_.is_recorded->begin(key);
  const auto is_recorded = sql_.is_recorded->next_row();
  sql_.is_recorded->reset();
  if (!is_recorded) return is_recorded.error();
  return *is_recorded ? Result<void>{} : Error{Errc::invalid_argument, "an attempt ended that was never recorded"};
}

Result<void> RecordWriter::write(const AttemptEnd& end) {
  const Attempt& attempt = end.attempt;
  const std::uint64_t key = key_of(end.job, attempt.number);
  if (auto checked = check_recorded(key); !checked) return checked;
  return sql_.attempt_end->run(key, attempt.worker.value, attempt.pid, attempt.started_usec, attempt.ended_usec, number_of(attempt.outcome),
                               attempt.exit_code, attempt.signal, attempt.user_usec, attempt.system_usec, attempt.max_rss_bytes,
                               std::string_view(attempt.reason), std::string_view(attempt.error_type));
}

Result<void> RecordWriter::write(const JobEnd& end) {
  std::optional<Blob> inline_result;
  if (end.result.size() > inline_result_bytes_) {
    if (auto written = files_->write(end.job, end.result); !written) return written;
  } else if (!end.result.empty()) {
    inline_result = Blob{end.result};
  }
  return sql_.end->run(end.job.value, static_cast<int>(end.outcome), end.ended_usec, std::string_view(end.reason), end.result.size(),
                       inline_result);
}

Result<void> RecordWriter::write(const JobRemoval& removal) {
  for (auto* statement : {&sql_.remove_job, &sql_.remove_dependencies, &sql_.remove_note, &sql_.remove_attempts, &sql_.remove_attempt_ends,
                          &sql_.remove_end}) {
    if (auto done = (*statement)->run(removal.job.value); !done) return done;
  }
  open_attempts_.erase(open_attempts_.lower_bound(key_of(removal.job, 0)),
                       open_attempts_.lower_bound(key_of(JobId{removal.job.value + 1}, 0)));
  files_->remove_after_commit(removal.job);
  return {};
}

}  // namespace jobpool::broker
