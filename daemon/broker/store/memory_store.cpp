// See memory_store.hpp.
#include "daemon/broker/store/memory_store.hpp"

#include <algorithm>

namespace jobpool::broker {
namespace {

Error broken(JobId job, const char* what) { return Error{Errc::invalid_argument, "job " + std::to_string(job.value) + ": " + what}; }

auto find_attempt(std::vector<Attempt>& attempts, std::uint32_t number) {
  return std::lower_bound(attempts.begin(), attempts.end(), number, [](const Attempt& a, std::uint32_t n) { return a.number < n; });
}

bool is_number(const std::vector<Attempt>& attempts, std::vector<Attempt>::const_iterator at, std::uint32_t number) {
  return at != attempts.end() && at->number == number;
}

}  // namespace

Result<std::vector<StoredJob>> MemoryStore::load() {
  if (failed_) return *failed_;
  std::vector<StoredJob> all;
  for (const auto& [id, entry] : jobs_) {
    all.push_back(entry.job);
    if (!entry.job.ended) all.back().job.payload = entry.payload;
  }
  return all;
}

Result<std::vector<PoolRecord>> MemoryStore::load_pools() {
  if (failed_) return *failed_;
  std::vector<PoolRecord> all;
  for (const auto& [number, pool] : pools_) all.push_back(pool);
  return all;
}

Result<std::vector<StoredQueue>> MemoryStore::load_queues() {
  if (failed_) return *failed_;
  return queues_.all();
}

// When is said by step() alone.
CommitNumber MemoryStore::commit(StoreBatch batch, Urgency) {
  waiting_.push_back({++last_, std::move(batch)});
  return last_;
}

void MemoryStore::read_result(JobId job, std::function<void(Result<std::string>)> done) {
  reads_.emplace_back([this, job, done = std::move(done)] { done(result_of(job)); });
}

void MemoryStore::read_job(JobId job, std::function<void(Result<JobRecord>)> done) {
  reads_.emplace_back([this, job, done = std::move(done)] { done(record_of(job)); });
}

void MemoryStore::step(std::size_t batches) {
  if (is_stuck_ && !failed_ && refuse_all()) return;
  for (; batches > 0 && !waiting_.empty() && !failed_; --batches) {
    Waiting oldest = std::move(waiting_.front());
    waiting_.pop_front();
    commit_one(std::move(oldest));
  }
}

// True: something is left that would have to be written.
bool MemoryStore::refuse_all() {
  for (Waiting& waiting : waiting_) refuse_from(waiting);
  const bool is_stuck = std::ranges::any_of(waiting_, [](const Waiting& waiting) { return !waiting.batch.empty(); });
  if (is_stuck && !std::exchange(stuck_told_, true)) events_.emplace_back([](StoreListener& listener) { listener.on_stuck(); });
  return is_stuck;
}

void MemoryStore::refuse_from(Waiting& waiting) {
  auto refused = refusals_.take_out(waiting.batch, is_full_ ? Refusals::NewJobs::refuse : Refusals::NewJobs::accept);
  const CommitNumber number = waiting.number;
  if (!refused.empty()) {
    events_.emplace_back([number, refused = std::move(refused)](StoreListener& listener) { listener.on_full(number, refused); });
    if (!is_full_) events_.emplace_back([](StoreListener& listener) { listener.on_room(); });
  }
  if (is_full_)
    if (auto puts = Refusals::take_out_puts(waiting.batch); !puts.empty())
      events_.emplace_back([number, puts = std::move(puts)](StoreListener& listener) { listener.on_puts_refused(number, puts); });
}

void MemoryStore::commit_one(Waiting waiting) {
  refuse_from(waiting);
  const CommitNumber number = waiting.number;
  for (const StoreWrite& write : waiting.batch) {
    if (auto applied = apply(write); !applied) return fail(applied.error());
  }
  events_.emplace_back([this, number](StoreListener& listener) {
    told_ = number;
    listener.on_committed(number);
  });
}

void MemoryStore::make_room() {
  is_stuck_ = stuck_told_ = false;
  if (!std::exchange(is_full_, false)) return;
  events_.emplace_back([](StoreListener& listener) { listener.on_room(); });
}

void MemoryStore::fail(const Error& error) {
  if (failed_) return;
  failed_ = error;
  events_.emplace_back([error](StoreListener& listener) { listener.on_failed(error); });
}

void MemoryStore::crash() {
  waiting_.clear();
  reads_.clear();
  events_.clear();
  refusals_ = {};
  stuck_told_ = false;
  last_ = told_ = 0;
  failed_.reset();
}

const MemoryStore::Entry* MemoryStore::committed(JobId job) const {
  const auto found = jobs_.find(job);
  return found == jobs_.end() ? nullptr : &found->second;
}

void MemoryStore::collect(StoreListener& listener) {
  for (auto events = std::exchange(events_, {}); !events.empty(); events.pop_front()) events.front()(listener);
  if (!waiting_.empty() && !failed_) return;  // reads come behind all commits
  for (const auto& read : std::exchange(reads_, {})) read();
}

Result<JobRecord> MemoryStore::record_of(JobId job) const {
  if (failed_) return *failed_;
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return Error{Errc::not_found, "job " + std::to_string(job.value) + ": not in the store"};
  JobRecord record = found->second.job.job;
  record.payload = found->second.payload;
  return record;
}

Result<std::string> MemoryStore::result_of(JobId job) const {
  if (failed_) return *failed_;
  const auto found = jobs_.find(job);
  if (found == jobs_.end() || !found->second.job.ended) return Error{Errc::not_found, "job " + std::to_string(job.value) + ": no result"};
  return found->second.result;
}

Result<void> MemoryStore::apply(const StoreWrite& write) {
  return std::visit([this](const auto& record) { return apply(record); }, write);
}

Result<void> MemoryStore::apply(const JobRecord& job) {
  if (jobs_.contains(job.id)) return broken(job.id, "is there already");
  if (!job.key.empty() && !keys_.emplace(job.terms.uid, job.key).second) return broken(job.id, "its key is taken");
  Entry& entry = jobs_[job.id];
  entry.job.job = job;
  entry.payload = std::exchange(entry.job.job.payload, {});
  return {};
}

Result<void> MemoryStore::apply(const PoolRecord& pool) {
  pools_[pool.number] = pool;
  return {};
}

Result<void> MemoryStore::apply(const PoolRemoval& removal) {
  for (const auto& [id, entry] : jobs_)
    if (entry.job.job.terms.pool == removal.pool) return broken(id, "its pool is removed");
  pools_.erase(removal.pool);
  return {};
}

Result<void> MemoryStore::apply(const DependencyMet& met) {
  const auto found = jobs_.find(met.job);
  if (found == jobs_.end()) return broken(met.job, "what a job comes after that is not there");
  Dependencies& after = found->second.job.job.after;
  if (met.position >= after.size()) return broken(met.job, "it was to run after nothing at that place");
  Dependency& dependency = after[met.position];
  if (dependency.needs != Dependency::Needs::end) dependency.is_met_if_gone = true;
  return {};
}

Result<void> MemoryStore::apply(const JobDetached& detached) {
  const auto found = jobs_.find(detached.job);
  if (found == jobs_.end()) return broken(detached.job, "it is detached, and not there");
  found->second.job.job.terms.flags.detach = true;
  return {};
}

Result<void> MemoryStore::apply(const AttemptRecord& attempt) {
  const auto found = jobs_.find(attempt.job);
  if (found == jobs_.end()) return broken(attempt.job, "an attempt of a job that is not there");
  auto& attempts = found->second.job.attempts;
  const auto at = find_attempt(attempts, attempt.number);
  if (is_number(attempts, at, attempt.number)) return broken(attempt.job, "an attempt is recorded twice");
  Attempt fresh;
  fresh.number = attempt.number;
  fresh.recorded_by = attempt.recorded_by;
  attempts.insert(at, fresh);
  return {};
}

Result<void> MemoryStore::apply(const AttemptUndone& attempt) {
  const auto found = jobs_.find(attempt.job);
  if (found == jobs_.end()) return broken(attempt.job, "an undone attempt of a job that is not there");
  auto& attempts = found->second.job.attempts;
  const auto at = find_attempt(attempts, attempt.number);
  if (!is_number(attempts, at, attempt.number)) return broken(attempt.job, "an undone attempt was never recorded");
  attempts.erase(at);
  return {};
}

Result<void> MemoryStore::apply(const AttemptEnd& end) {
  const auto found = jobs_.find(end.job);
  if (found == jobs_.end()) return broken(end.job, "the end of an attempt of a job that is not there");
  auto& attempts = found->second.job.attempts;
  const auto at = find_attempt(attempts, end.attempt.number);
  if (!is_number(attempts, at, end.attempt.number)) return broken(end.job, "an attempt ended that was never recorded");
  const std::uint64_t recorded_by = at->recorded_by;
  *at = end.attempt;
  at->recorded_by = recorded_by;
  return {};
}

Result<void> MemoryStore::apply(const JobEnd& end) {
  const auto found = jobs_.find(end.job);
  if (found == jobs_.end()) return broken(end.job, "the end of a job that is not there");
  if (found->second.job.ended) return broken(end.job, "ended twice");
  found->second.job.ended = true;
  found->second.job.end = end;
  found->second.result = std::exchange(found->second.job.end.result, {});
  return {};
}

Result<void> MemoryStore::apply(const JobRemoval& removal) {
  const auto found = jobs_.find(removal.job);
  if (found == jobs_.end()) return {};
  const JobRecord& job = found->second.job.job;
  if (!job.key.empty()) keys_.erase({job.terms.uid, job.key});
  jobs_.erase(found);
  return {};
}

Result<void> MemoryStore::apply(const QueueWrite& write) {
  return queues_.apply(write) ? Result<void>{} : Result<void>{Error{Errc::invalid_argument, "a queue's record that cannot follow"}};
}

}  // namespace jobpool::broker
