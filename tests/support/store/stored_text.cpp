// See stored_text.hpp.
#include "tests/support/store/stored_text.hpp"

#include <optional>
#include <sstream>

#include "tests/support/store/told.hpp"

namespace jobpool::testing {
namespace {

using namespace broker;

// Long texts are told by length and hash, so that a difference stays readable.
std::string shortened(std::string_view text) {
  if (text.size() <= 40) return "'" + std::string{text} + "'";
  return std::to_string(text.size()) + " bytes #" + std::to_string(std::hash<std::string_view>{}(text));
}

std::string shown(const std::optional<int>& number) { return number ? std::to_string(*number) : "-"; }

void write(std::ostream& out, const Terms& terms) {
  out << " mode " << int(terms.mode) << " kind " << int(terms.kind) << " flags " << terms.flags.detach << terms.flags.has_descriptors
      << terms.flags.durable << " priority " << terms.priority << " retries " << terms.retries << " uid " << terms.uid << " grace "
      << terms.grace.count() << " timeout " << terms.timeout.count() << " backoff " << terms.backoff.count() << " not before "
      << terms.not_before_usec;
  if (terms.pool != kDefaultPoolNumber) out << " pool " << terms.pool.value;
}

void write(std::ostream& out, const Attempt& attempt) {
  out << "  attempt " << attempt.number << " by " << attempt.recorded_by << " worker " << attempt.worker.value << " pid " << attempt.pid
      << " from " << attempt.started_usec << " to " << attempt.ended_usec << " outcome "
      << (attempt.outcome ? to_string(*attempt.outcome) : "-") << " exit " << shown(attempt.exit_code) << " signal "
      << shown(attempt.signal) << " used " << attempt.user_usec << "/" << attempt.system_usec << "/" << attempt.max_rss_bytes << " reason "
      << shortened(attempt.reason) << " type " << shortened(attempt.error_type) << "\n";
}

}  // namespace

std::string text_of(const PoolRecord& pool) {
  std::ostringstream out;
  const auto shown_number = [](const std::optional<std::uint32_t>& number) { return number ? std::to_string(*number) : "-"; };
  const PoolSettings& settings = pool.settings;
  out << "pool " << pool.number.value << " name " << shortened(settings.name) << " state " << int(pool.state) << " paused " << pool.paused
      << " deleted " << pool.deleted << " size " << shown_number(settings.size) << " min " << shown_number(settings.min) << " idle "
      << settings.idle_time.count() << " tasks " << settings.max_tasks << " memory " << settings.memory_bytes << " initializer "
      << shortened(settings.initializer) << " arguments " << shortened(settings.arguments);
  if (settings.threads != 1) out << " threads " << settings.threads;  // which the oldest golden texts know nothing of
  out << "\n";
  return out.str();
}

std::string text_of(const StoredJob& stored) {
  std::ostringstream out;
  const JobRecord& job = stored.job;
  out << "job " << job.id.value;
  write(out, job.terms);
  for (const Dependency& dependency : job.after) {
    out << " after " << dependency.job.value << "/" << int(dependency.needs);
    // Of failures the golden texts of version 5 do not say it.
    if (dependency.is_met_if_gone && dependency.needs == Dependency::Needs::success) out << "!";
  }
  if (job.notes.retry_of.value != 0) out << " retry of " << job.notes.retry_of.value;
  if (job.notes.items != 0) out << " items " << job.notes.items;
  out << " name " << shortened(job.name) << " description " << shortened(job.description) << " key " << shortened(job.key) << " hash "
      << job.spec_hash << " submitted " << job.submitted_usec << " payload " << shortened(job.payload) << "\n";
  for (const Attempt& attempt : stored.attempts) write(out, attempt);
  if (stored.ended) {
    out << "  end " << to_string(stored.end.outcome) << " of " << stored.end.job.value << " at " << stored.end.ended_usec << " reason "
        << shortened(stored.end.reason) << " with " << shortened(stored.end.result) << "\n";
  }
  return out.str();
}

std::string text_of(const std::vector<StoredJob>& jobs, const std::function<std::string(JobId)>& result_of) {
  std::string all;
  for (const StoredJob& job : jobs) {
    all += text_of(job);
    if (job.ended) all += "  result " + shortened(result_of(job.job.id)) + "\n";
  }
  return all;
}

std::string result_of(Store& store, JobId job) {
  std::optional<std::string> result;
  store.read_result(job, [&](Result<std::string> read) { result = read ? *read : "error: " + read.error().text; });
  Told ignored;
  if (!collect_until(store, ignored, [&] { return result.has_value(); })) return "error: no answer within a minute";
  return *result;
}

std::string record_of(Store& store, JobId job) {
  std::optional<std::string> record;
  store.read_job(job, [&](Result<JobRecord> read) {
    if (!read) {
      record = "error: " + read.error().text;
      return;
    }
    StoredJob stored;
    stored.job = *std::move(read);
    record = text_of(stored);
  });
  Told ignored;
  if (!collect_until(store, ignored, [&] { return record.has_value(); })) return "error: no answer within a minute";
  return *record;
}

std::string text_of(Store& store) {
  const auto pools = store.load_pools();
  if (!pools) return "error: " + pools.error().text;
  std::string all;
  for (const PoolRecord& pool : *pools) all += text_of(pool);
  const auto jobs = store.load();
  if (!jobs) return "error: " + jobs.error().text;
  return all + text_of(*jobs, [&](JobId job) { return result_of(store, job); });
}

}  // namespace jobpool::testing
