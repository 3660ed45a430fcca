// What the supervisor tells the broker: its descriptors, the workers of an earlier broker, births and deaths, the end.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/eventfd.hpp"
#include "common/log.hpp"
#include "daemon/broker/broker.hpp"
#include "daemon/broker/server/admission.hpp"
#include "daemon/broker/store/queue_log.hpp"
#include "daemon/broker/store/sqlite_store.hpp"
#include "daemon/broker/store/store_use.hpp"

namespace jobpool::broker {
namespace {

// The first half of its 32 digits: random enough to tell it from those before it.
std::uint64_t instance_number(const std::string& instance) {
  std::uint64_t number = 0;
  std::from_chars(instance.data(), instance.data() + std::min<std::size_t>(instance.size(), 16), number, 16);
  return number;
}

std::uint64_t most_open_files() {
  rlimit files{};
  return ::getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : RLIM_INFINITY;
}

constexpr std::size_t kFdsOfWorker = 6;  // control::receive lets a worker_started have as many, or none, when they are lost

// What does not fit is of no pool that there is.
PoolNumber pool_of(const control::Message& message) {
  const bool fits = message.usec >= 0 && message.usec < static_cast<std::int64_t>(kMaxPools);
  return PoolNumber{fits ? static_cast<std::uint16_t>(message.usec) : std::uint16_t{kMaxPools}};
}

}  // namespace

void Broker::on_message(control::Envelope envelope) {
  const control::Message& message = envelope.message;
  if (exit_status_ != 0) return;  // leaving: it may miss a worker, and must not take over without it
  if (!engine_ && message.kind != control::Kind::welcome && message.kind != control::Kind::stop_now)
    return log::error("the supervisor's message {} came before its welcome; ignoring it", static_cast<int>(message.kind));
  if (message.kind == control::Kind::welcome && envelope.lost_fds) {
    log::critical("no descriptors are left for those of the supervisor's welcome; leaving it to another broker");
    return leave(kExitTryAgain);
  }
  switch (message.kind) {
    case control::Kind::welcome:
      return on_welcome(std::move(envelope.fds));
    case control::Kind::worker_started:
      return on_worker_started(message, std::move(envelope.fds));
    case control::Kind::worker_died:
      return on_worker_died(message);
    case control::Kind::handover_done:
      return on_handover_done();
    case control::Kind::drain:
      return drain_within(Microseconds{message.usec});
    case control::Kind::stop_now:
      return stop_now();
    case control::Kind::checkup:
      return on_checkup();
    case control::Kind::reload_refused:
      retiring_.clear();  // they still leave, and others come in their place
      return verbs_->on_reload_refused(message.usec);
    case control::Kind::retire_worker:
      return on_retire_worker(message.incarnation);
    default:
      return log::error("the supervisor's message {} is not for a broker; ignoring it", static_cast<int>(message.kind));
  }
}

// From the loop's own thread, so that the answer says that it turns.
void Broker::on_checkup() {
  control::Message healthy;
  healthy.kind = control::Kind::healthy;
  engine_->core().pools().each([&](const CorePool& pool) {
    healthy.value += static_cast<std::int32_t>(pool.jobs.running);
    healthy.usec += static_cast<std::int64_t>(pool.jobs.ready + pool.jobs.waiting);
  });
  link_.send(healthy);
}

void Broker::on_welcome(std::vector<UniqueFd> fds) {
  listening_.clear();
  for (std::size_t i = 2; i < fds.size(); ++i) listening_.push_back(std::move(fds[i]));
  if (engine_) {  // the socket's file had vanished and was bound again
    if (!recovery_) listen();
    return;
  }
  if (const auto built = build(std::move(fds[0]), std::move(fds[1])); !built) {
    // What the kernel refused (a descriptor, memory) it may grant the next one, which the supervisor starts after a while. What is
    // damaged stays so, and so does a full disk, or a store that is in use, for who starts a daemon; where there was a broker before, jobs
    // run, which a daemon's end would kill, and who has the store by now is somebody who looks at it.
    const Errc why = built.error().code;
    const bool may_pass = why == Errc::io || ((why == Errc::full || why == Errc::already_exists) && options_.restarts > 0);
    log::critical("{}; {}", built.error().text, may_pass ? "leaving it to another broker" : "refusing to start");
    leave(may_pass ? kExitTryAgain : kExitCannotWork);
  }
}

Result<void> Broker::build(UniqueFd ledger_fd, UniqueFd output_directory) {
  auto ids = IdReservation::open(options_.state_dir);
  if (!ids) return ids.error();
  auto ledger = Ledger::open(ledger_fd.get(), options_.ledger);
  if (!ledger) return ledger.error();
  StoreOptions where;
  where.state_dir = options_.state_dir;
  auto store = SqliteStore::open(std::move(where));
  if (!store) return store.error();
  auto pools = (*store)->load_pools();
  if (!pools) return pools.error();
  auto durable_queues = (*store)->load_queues();
  if (!durable_queues) return durable_queues.error();
  auto stored = (*store)->load();
  if (!stored) return stored.error();
  const JobId next = first_id(*ledger, ids->first_unreserved());
  if (auto reserved = ids->ensure(next); !reserved) return reserved;
  const Limits limits = limits_within(most_open_files());
  auto wall_timer = WallTimer::make(loop_.io(), [this] { on_wall_timer(); });
  if (!wall_timer) return wall_timer.error();
  wall_timer_ = *std::move(wall_timer);
  ids_.emplace(std::move(*ids));
  outputs_.emplace(std::move(output_directory));
  store_ = std::move(*store);
  engine_.emplace(std::move(*ledger), *store_, instance_number(options_.instance), options_.limits, next,
                  static_cast<EngineListener&>(*this), [this](Now& now) { clock_.read(now); });
  engine_->ledger().set_next_id(next);
  if (auto built = build_queues(std::move(*durable_queues)); !built) return built;
  verbs_.emplace(*engine_, *outputs_,
                 Surroundings{.instance = options_.instance,
                              .since_usec = options_.since_usec,
                              .broker_restarts = options_.restarts,
                              .reloads = options_.reloads,
                              .failed_reloads = options_.failed_reloads,
                              .connections = [this] { return server_->connections(); },
                              .reload =
                                  [this](std::int64_t number) {
                                    control::Message reload;
                                    reload.kind = control::Kind::reload;
                                    reload.usec = number;
                                    link_.send(reload);
                                  },
                              .shut_down =
                                  [this](bool now) {
                                    control::Message shutdown;
                                    shutdown.kind = control::Kind::shutdown;
                                    shutdown.value = now ? 1 : 0;
                                    link_.send(shutdown);
                                  },
                              .workers_retiring = [this] { return static_cast<std::int64_t>(retiring_.size()); },
                              .what_blocks = [this](JobId job) { return queue_verbs_->what_blocks(job); },
                              .blocked_since = [this](JobId job) { return queue_verbs_->blocked_since(job); },
                              .blocked_jobs = [this] { return queue_verbs_->blocked_jobs(); },
                              .store_use =
                                  [this] {
                                    const StoreUse use = store_use(options_.state_dir);
                                    return proto::StoreUse{use.database_bytes, use.log_bytes, use.queues_bytes, use.free_bytes};
                                  },
                              .end_of_passed_fds = limits.end_of_passed_fds});
  queue_verbs_->set_blocked_listener([this](JobId job, std::optional<Microseconds> waited) {
    engine_->look_for_starts({&job, 1});  // it runs, for it has spoken; its START may not have been read
    if (waited) engine_->tell(WaitedAtQueue{job, *waited});
    verbs_->announce_blocked(job, !waited);
  });
  router_.emplace(*verbs_, *queue_verbs_);
  server_.emplace(loop_.io(), *router_, admit_only(::geteuid(), options_.access_group), limits);
  recovery_.emplace(*engine_, std::move(*stored), std::move(*pools));
  auto watch = FdWatch::start(loop_.io(), store_->descriptor(), [this] { engine_->journal().collect(); });
  if (!watch) return watch.error();
  store_watch_ = std::move(*watch);
  return {};
}

Result<void> Broker::build_queues(std::vector<StoredQueue> durable) {
  auto log = QueueLog::open(options_.state_dir, engine_->instance());
  if (!log) return log.error();
  auto found = log->read();
  if (!found) return found.error();
  if (!found->damage.empty()) log::error("{}; moved away, its queues are lost", found->damage);
  queues_.emplace(engine_->journal(), std::move(*log), QueueLimits{}, [this](Now& now) { clock_.read(now); });
  queues_->set_listener([](const AnswerQueueCall&) {});
  queues_->inherit(std::move(durable));
  queues_->inherit(std::move(found->queues));
  engine_->journal().set_put_listener([this](const std::vector<PutNumber>& puts) { queues_->on_puts_refused(puts); });
  queue_verbs_.emplace(*queues_);
  return {};
}

void Broker::on_worker_started(const control::Message& message, std::vector<UniqueFd> fds) {
  const auto origin = static_cast<control::Origin>(message.value);
  const bool inherited = origin != control::Origin::fresh && recovery_.has_value();
  if (inherited && origin == control::Origin::older_program) older_.push_back(message.incarnation);
  workers_.emplace(message.incarnation, Worker{message.number, {}});
  const bool are_lost = fds.empty();
  if (are_lost) fds.resize(kFdsOfWorker);
  shm::SegmentFds segment{std::move(fds[0]), std::move(fds[1]), std::move(fds[2]), std::move(fds[3]), std::move(fds[4])};
  WorkerSeed seed{.incarnation = message.incarnation,
                  .number = message.number,
                  .pool = pool_of(message),
                  .pid = message.pid,
                  .side = are_lost
                              ? Result<shm::OfferSide>{Error{Errc::io, "no descriptors are left for its own"}}
                              : shm::OfferSide::map(segment, inherited ? shm::OfferSide::Origin::inherited : shm::OfferSide::Origin::fresh),
                  .eventfd = std::move(segment.eventfd),
                  .orders = std::move(fds[5])};
  auto added = inherited ? recovery_->take_over(std::move(seed)) : engine_->add_worker(std::move(seed));
  if (added) {
    const int bell = engine_->dispatcher().eventfd(message.incarnation);
    // The turn that follows drains every worker with work in flight: the bell only has to be silenced.
    auto watch = FdWatch::start(loop_.io(), bell, [bell] { silence_eventfd(bell); });
    if (watch)
      workers_.at(message.incarnation).watch = std::move(*watch);
    else
      added = watch.error();
  }
  if (added) return verbs_->announce_worker(message.number, pool_of(message), message.pid, "started", {});
  if (inherited && added.error().code == Errc::io) {
    // For want of a descriptor or memory: its job runs on, and the next broker may have more luck than this one.
    log::critical("worker {}: {}; leaving it to another broker", message.number.value, added.error().text);
    return leave(kExitTryAgain);
  }
  log::error("worker {}: {}; killing it", message.number.value, added.error().text);
  on_kill_worker(message.incarnation);
}

void Broker::on_worker_died(const control::Message& message) {
  const auto found = workers_.find(message.incarnation);
  if (found == workers_.end()) return;
  const bool signalled = message.code != CLD_EXITED;
  const pid_t pid = engine_->dispatcher().pid(message.incarnation);
  found->second.watch.stop();
  const WorkerNumber number = found->second.number;
  const CorePool* pool = engine_->core().pools().pool_of(message.incarnation);
  const PoolNumber of_pool = pool == nullptr ? PoolNumber{kMaxPools} : pool->record.number;
  workers_.erase(found);
  retiring_.erase(message.incarnation);
  const auto lost = engine_->worker_died(message.incarnation, signalled ? message.value : 0, signalled ? 0 : message.value);
  if (!signalled && message.value == 0 && lost == 0) {
    log::debug("worker {} has left", number.value);
    verbs_->announce_worker(number, of_pool, pid, "left", {});
  } else {
    WorkerLost death;
    (signalled ? death.signal : death.exit_code) = message.value;
    verbs_->announce_worker(number, of_pool, pid, "died", way_of_death(death));
    if (!stopping_ && !engine_->core().draining())
      log::warn("worker {} {} {}{}", number.value, signalled ? "was killed by signal" : "exited with status", message.value,
                engine_->core().lacks_workers(of_pool) ? "; starting another" : "");
    engine_->ledger().count_worker_restart();
  }

  // In a handover what it costs its jobs is put down at the end. Whoever takes over from this broker before that must know of it too.
  if (recovery_)
    dead_in_handover_.push_back(message.incarnation);
  else
    forget(message.incarnation);
}

void Broker::forget(Incarnation worker) {
  control::Message forget;
  forget.kind = control::Kind::forget_worker;
  forget.incarnation = worker;
  link_.send(forget);
}

void Broker::on_handover_done() {
  if (!recovery_) return;
  recovery_->finish();
  recovery_.reset();
  for (const Incarnation worker : std::exchange(dead_in_handover_, {})) forget(worker);
  if (const auto removed = outputs_->remove_strays([this](JobId job) { return engine_->core().find(job) != nullptr; }); !removed)
    log::warn("{}; output of forgotten jobs stays there", removed.error().text);
  replace_older_workers();
  staff_pools();
  listen();
  control::Message ready;
  ready.kind = control::Kind::ready;
  link_.send(ready);
}

// After a reload. Each leaves as soon as it has nothing to do, and its death asks for another in its place.
void Broker::replace_older_workers() {
  if (!older_.empty()) log::info("{} workers of an older program leave when their jobs have ended", older_.size());
  for (const Incarnation worker : std::exchange(older_, {})) engine_->dismiss_worker(worker);
}

// Before a reload to a program that cannot read its memory. The supervisor holds the start of another back until then.
void Broker::on_retire_worker(Incarnation worker) {
  if (!workers_.contains(worker) || !retiring_.insert(worker).second) return;
  log::info("worker {} leaves when its jobs have ended: a reload waits for it", workers_.at(worker).number.value);
  engine_->dismiss_worker(worker);
}

void Broker::staff_pools() {
  const auto& size = engine_->core().pools().at(kDefaultPoolNumber).record.settings.size;
  if (size && *size != options_.workers)
    log::info("pool 'default' keeps the {} workers it was resized to; of those that were configured ({}) it knows nothing", *size,
              options_.workers);
  engine_->tell(StaffPools{options_.workers});
}

void Broker::listen() {
  server_->stop_listening();
  for (UniqueFd& socket : listening_)
    if (const auto listening = server_->listen(std::move(socket)); !listening) {
      log::critical("{}; leaving", listening.error().text);
      return leave(1);
    }
  listening_.clear();
}

}  // namespace jobpool::broker
