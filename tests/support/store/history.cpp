// See history.hpp.
#include "tests/support/store/history.hpp"

namespace jobpool::testing {

using namespace broker;

StoreBatch History::next() {
  StoreBatch batch;
  if (one_in(5)) batch.emplace_back(pool());
  for (int writes = below(8); writes > 0; --writes) {
    if (lives_.empty() || one_in(3)) {
      JobRecord fresh = job();
      Life& life = lives_.emplace_back();
      life.job = fresh.id;
      life.dependencies = static_cast<int>(fresh.after.size());
      batch.emplace_back(std::move(fresh));
    } else {
      step(batch, static_cast<std::size_t>(below(static_cast<int>(lives_.size()))));
    }
  }
  return batch;
}

void History::step(StoreBatch& batch, std::size_t at) {
  Life& life = lives_[at];
  if (!life.ended && life.dependencies > 0 && one_in(4)) {
    batch.emplace_back(DependencyMet{life.job, static_cast<std::uint32_t>(below(life.dependencies))});
  } else if (!life.ended && one_in(20)) {
    batch.emplace_back(JobDetached{life.job});
  } else if (life.ended || one_in(30)) {
    batch.emplace_back(JobRemoval{life.job});
    lives_.erase(lives_.begin() + static_cast<std::ptrdiff_t>(at));
  } else if (!life.attempt_is_open && one_in(4)) {
    life.ended = true;
    batch.emplace_back(end(life.job));
  } else if (!life.attempt_is_open) {
    life.attempt_is_open = true;
    batch.emplace_back(AttemptRecord{life.job, ++life.attempts, number(), static_cast<std::uint64_t>(number())});
  } else if (one_in(6)) {
    life.attempt_is_open = false;
    batch.emplace_back(AttemptUndone{life.job, life.attempts});
  } else {
    life.attempt_is_open = false;
    batch.emplace_back(AttemptEnd{life.job, attempt(life.attempts)});
    life.ended = one_in(2);
    if (life.ended) batch.emplace_back(end(life.job));
  }
}

// A new one, or one that is there as it is now.
PoolRecord History::pool() {
  PoolRecord record;
  if (last_pool_ < 40) ++last_pool_;
  record.number = PoolNumber{static_cast<std::uint16_t>(below(last_pool_ + 1))};
  record.state = static_cast<PoolState>(below(3));
  record.paused = one_in(2);
  record.deleted = one_in(9);
  PoolSettings& settings = record.settings;
  settings.name = text(12);
  if (!one_in(3)) settings.size = static_cast<std::uint32_t>(below(5'000));
  if (one_in(3)) settings.min = static_cast<std::uint32_t>(below(5'000));
  settings.idle_time = Microseconds{below(1'000'000)};
  settings.max_tasks = static_cast<std::uint32_t>(below(1'000));
  settings.memory_bytes = static_cast<std::uint64_t>(below(1'000'000)) << 12;
  settings.threads = 1 + static_cast<std::uint32_t>(below(8));
  settings.initializer = one_in(2) ? text(12) : "";
  settings.arguments = text(300);
  return record;
}

JobRecord History::job() {
  JobRecord record;
  record.id = JobId{last_job_ += 1 + static_cast<unsigned>(below(3))};
  if (last_pool_ > 0 && one_in(3)) record.terms.pool = PoolNumber{static_cast<std::uint16_t>(below(last_pool_ + 1))};
  record.terms.mode = one_in(2) ? Mode::apply : Mode::apply_async;
  record.terms.kind = one_in(2) ? shm::JobKind::function : shm::JobKind::command;
  record.terms.flags = {.detach = one_in(2), .has_descriptors = one_in(9), .durable = !one_in(9)};
  record.terms.priority = static_cast<std::int16_t>(number());
  record.terms.retries = static_cast<std::uint16_t>(number());
  record.terms.uid = one_in(9) ? static_cast<uid_t>(-2) : static_cast<uid_t>(below(3));
  record.terms.grace = Microseconds{below(1'000'000)};
  record.terms.timeout = Microseconds{number() * number()};
  record.terms.backoff = Microseconds{below(1'000'000)};
  record.terms.not_before_usec = number() * number();
  for (int i = one_in(3) ? below(4) : 0; i > 0; --i)
    record.after.push_back(
        {JobId{static_cast<std::uint64_t>(below(1'000)) + 1}, one_in(2) ? Dependency::Needs::success : Dependency::Needs::end});
  record.name = text(12);
  record.description = one_in(4) ? text(300) : "";
  // The id before the text: behind it, the text's own digits made two ids into the same key once in some hundred thousand jobs.
  if (!one_in(3)) record.key = std::to_string(last_job_ % 5) + ":" + std::to_string(last_job_) + ":" + text(10);
  record.spec_hash = std::uint64_t{random_()} << 32 | random_();
  record.submitted_usec = number() * number();
  if (one_in(4)) record.notes = {JobId{static_cast<std::uint64_t>(below(1'000))}, static_cast<std::uint32_t>(below(3))};
  record.payload = text(one_in(8) ? 20'000 : 300);
  return record;
}

Attempt History::attempt(std::uint32_t attempt_number) {
  Attempt attempt;
  attempt.number = attempt_number;
  attempt.worker = WorkerNumber{static_cast<std::uint32_t>(random_())};
  attempt.pid = static_cast<std::int32_t>(number());
  attempt.started_usec = number() * number();
  attempt.ended_usec = number() * number();
  if (!one_in(9)) attempt.outcome = static_cast<Outcome>(below(8));
  if (one_in(2)) attempt.exit_code = below(256);
  if (one_in(3)) attempt.signal = below(65);
  attempt.user_usec = number();
  attempt.system_usec = number();
  attempt.max_rss_bytes = number() * 4096;
  attempt.reason = one_in(3) ? text(100) : "";
  attempt.error_type = one_in(5) ? text(30) : "";
  return attempt;
}

JobEnd History::end(JobId job) {
  JobEnd end;
  end.job = job;
  end.outcome = static_cast<Outcome>(below(8));
  end.ended_usec = number() * number();
  end.reason = one_in(3) ? text(100) : "";
  end.result = one_in(3) ? "" : text(one_in(6) ? largest_result_ : 100);
  return end;
}

// Any byte may come, zeros as well. Every length is likely, but long ones are cheap: their bytes repeat.
std::string History::text(std::size_t largest) {
  std::string text(random_() % (largest + 1), '\0');
  const auto first = static_cast<unsigned>(random_());
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(first + i * (first % 7 + 1));
  return text;
}

}  // namespace jobpool::testing
