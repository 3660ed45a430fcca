// See sqlite_store.hpp.
#include "daemon/broker/store/sqlite_store.hpp"

#include <signal.h>

#include <utility>

#include "daemon/broker/store/queue_reader.hpp"
#include "daemon/broker/store/record_reader.hpp"
#include "daemon/broker/store/store_thread.hpp"

namespace jobpool::broker {
namespace {

// Signals belong to the loop: the new thread inherits a mask that blocks them all.
template <class Body>
std::thread start_without_signals(Body body) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(body));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(StoreOptions options) {
  auto store = open_store(options);
  if (!store) return store.error();
  auto committer = Committer::prepare(**store, options.inline_result_bytes);
  if (!committer) return committer.error();
  auto mailbox = Mailbox::create();
  if (!mailbox) return mailbox.error();
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(options), std::move(*store), std::move(*committer), std::move(*mailbox)));
}

SqliteStore::SqliteStore(StoreOptions options, std::unique_ptr<OpenStore> store, Committer committer, std::unique_ptr<Mailbox> mailbox)
    : options_(std::move(options)), store_(std::move(store)), committer_(std::move(committer)), mailbox_(std::move(mailbox)) {}

SqliteStore::~SqliteStore() {
  mailbox_->close();
  if (thread_.joinable()) thread_.join();
}

Result<std::vector<StoredJob>> SqliteStore::load() {
  auto jobs = read_jobs(store_->database);
  if (jobs) thread_ = start_without_signals([this] { StoreThread(*store_, committer_, *mailbox_, options_).run(); });
  return jobs;
}

Result<std::vector<PoolRecord>> SqliteStore::load_pools() { return read_pools(store_->database); }
Result<std::vector<StoredQueue>> SqliteStore::load_queues() { return read_queues(store_->database); }

CommitNumber SqliteStore::commit(StoreBatch batch, Urgency urgency) {
  mailbox_->put(WaitingBatch{++last_, std::move(batch), urgency});
  return last_;
}

void SqliteStore::read_result(JobId job, std::function<void(Result<std::string>)> done) {
  mailbox_->put(ResultRequest{job, std::move(done)});
}

void SqliteStore::read_job(JobId job, std::function<void(Result<JobRecord>)> done) { mailbox_->put(JobRequest{job, std::move(done)}); }

void SqliteStore::collect(StoreListener& listener) {
  for (News& news : mailbox_->collect()) std::visit([&](auto& one) { tell(listener, one); }, news);
}

void SqliteStore::tell(StoreListener& listener, Committed& news) {
  for (CommitNumber number = news.first; number <= news.last; ++number) {
    told_ = number;
    listener.on_committed(number);
  }
}

void SqliteStore::tell(StoreListener& listener, RefusedJobs& news) {
  const std::vector<JobId> jobs = news.jobs;
  listener.on_full(news.number, std::move(news.jobs));
  mailbox_->put_told(jobs);
}

void SqliteStore::tell(StoreListener& listener, RefusedPuts& news) { listener.on_puts_refused(news.number, news.puts); }
void SqliteStore::tell(StoreListener& listener, Room&) { listener.on_room(); }
void SqliteStore::tell(StoreListener& listener, Stuck&) { listener.on_stuck(); }
void SqliteStore::tell(StoreListener& listener, Failed& news) { listener.on_failed(std::move(news.error)); }
void SqliteStore::tell(StoreListener&, ResultRead& news) { news.request.done(std::move(news.result)); }
void SqliteStore::tell(StoreListener&, JobRead& news) { news.request.done(std::move(news.job)); }

}  // namespace jobpool::broker
