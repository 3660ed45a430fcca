// The turns of the loop, the one timer, and the way out.
#include "daemon/broker/broker.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/byte_buffer.hpp"
#include "common/log.hpp"

namespace jobpool::broker {
namespace {

using namespace std::chrono_literals;

constexpr auto kAuditInterval = 100ms;  // how long a lost wake-up or a mad worker can go unnoticed
constexpr auto kStopTime = 1500ms;      // for running trees to be killed and waiters to be told; the supervisor kills us after 2 s

}  // namespace

Broker::Broker(BrokerOptions options)
    : options_(std::move(options)),
      link_(loop_.io(), UniqueFd{options_.control_fd},
            {.on_message = [this](control::Envelope envelope) { on_message(std::move(envelope)); }, .on_hangup = [this] { leave(0); }}),
      timer_(loop_.io()),
      stop_timer_(loop_.io()) {}

int Broker::run() {
  if (const auto started = link_.start(); !started) {
    log::critical("the supervisor's socket: {}", started.error().text);
    return 1;
  }
  // The server exists from the welcome on; the loop needs one, so the welcome is waited for first.
  while (!engine_ && exit_status_ == 0 && !stopping_) loop_.io().run_one();
  if (server_) loop_.run(*this, *server_);  // without one, something before it could not be opened
  if (ids_ && engine_)
    if (const auto given = ids_->give_back(engine_->core().next_id()); !given) log::warn("{}; some ids are skipped", given.error().text);
  if (queues_) queues_->give_no_more();
  if (server_) server_->close_all();
  if (queues_) {
    queues_->take_back_all();
    engine_->journal().end_turn();
  }
  return exit_status_;
}

void Broker::end_turn() {
  clock_.let_go();
  // Before anything of an id leaves this process: to a worker, to an output file's name, to a caller.
  if (const auto reserved = ids_->ensure(engine_->core().next_id_after_turn()); !reserved) {
    const bool is_disk = reserved.error().code == Errc::io || reserved.error().code == Errc::full;  // which the next broker tries again
    log::critical("cannot reserve job ids: {}; make room or mend the disk{}", reserved.error().text, is_disk ? "" : ", then start again");
    server_->close_all();  // with the answers of this turn, which hold such ids
    return leave(is_disk ? kExitTryAgain : kExitCannotWork);
  }
  engine_->end_turn();
  queues_->end_turn();
  verbs_->end_turn();
  heap_.look();
  link_.flush();
  arm_timer();
  arm_wall_timer();
}

void Broker::ring_bells() {
  if (exit_status_ == 0) engine_->ring_bells();
}

bool Broker::prepare_to_sleep() {
  clock_.let_go();
  return !queues_->wants_turn() && !verbs_->wants_turn() && engine_->prepare_to_sleep();
}

void Broker::woke_up() { engine_->woke_up(); }

bool Broker::wants_audit() const { return engine_->wants_audit() || ByteBuffer::has_spares() || heap_.has_spare(); }

void Broker::arm_timer() {
  if (engine_->dispatcher().keeps_memory()) heap_.keep_freed();
  if (audit_at_ == TimePoint::max() && wants_audit()) audit_at_ = Clock::now() + kAuditInterval;
  TimePoint next = audit_at_;
  if (const auto deadline = engine_->next_deadline()) next = std::min(next, *deadline);
  if (const auto deadline = verbs_->deadlines().next()) next = std::min(next, *deadline);
  if (const auto deadline = queues_->next_deadline()) next = std::min(next, *deadline);
  if (next >= armed_for_) return;  // an early bell is cheaper than setting it anew each turn
  armed_for_ = next;
  timer_.set(next, [this] { on_timer(); });
}

void Broker::on_timer() {
  armed_for_ = TimePoint::max();
  const TimePoint now = Clock::now();
  verbs_->deadlines().run_due(now);
  queues_->run_due();
  engine_->audit();
  if (!engine_->dispatcher().keeps_memory()) heap_.give_back_freed();
  heap_.rest();
  ByteBuffer::drop_unused_spares();
  audit_at_ = wants_audit() ? now + kAuditInterval : TimePoint::max();
}

void Broker::arm_wall_timer() {
  const auto next = engine_->core().next_wall_deadline();
  if (!next || *next >= wall_armed_for_) return;  // as above
  wall_armed_for_ = *next;
  wall_timer_.set(*next);
}

void Broker::on_wall_timer() {
  wall_armed_for_ = std::numeric_limits<std::int64_t>::max();
  engine_->audit();
}

void Broker::on_accepted(const Accepted& accepted) { verbs_->on_accepted(accepted); }
void Broker::on_refused(const Refused& refused) { verbs_->on_refused(refused); }
void Broker::on_started(const Job& job) { verbs_->on_started(job); }
bool Broker::is_awaited(JobId job) const { return verbs_->is_awaited(job); }
void Broker::on_ended(const Job& job) { verbs_->on_ended(job); }
void Broker::on_forgotten(const Forgotten& forgotten) {
  verbs_->on_forgotten(forgotten.job);
  if (forgotten.kind == shm::JobKind::command) outputs_->remove(forgotten.job, forgotten.attempt);
}

void Broker::on_drained() {
  control::Message drained;
  drained.kind = control::Kind::drained;
  link_.send(drained);
  if (stopping_) leave(0);
}

void Broker::on_kill_worker(Incarnation worker) {
  control::Message kill;
  kill.kind = control::Kind::kill_worker;
  kill.incarnation = worker;
  link_.send(kill);
}

void Broker::on_signal_worker(Incarnation worker, int signal) {
  control::Message message;
  message.kind = control::Kind::signal_worker;
  message.incarnation = worker;
  message.value = signal;
  link_.send(message);
}

void Broker::on_start_worker(WorkerNumber number, PoolNumber pool) {
  if (stopping_) return;
  control::Message start;
  start.kind = control::Kind::start_worker;
  start.number = number;
  start.value = static_cast<std::int32_t>(engine_->core().pools().at(pool).record.settings.threads);
  start.usec = pool.value;
  link_.send(start);
}

void Broker::on_pool_left(PoolNumber pool) { verbs_->on_pool_left(pool); }
void Broker::on_pool_removed(PoolNumber pool) { verbs_->on_pool_removed(pool); }

std::function<void()> Broker::announcement(const Job& job, JobState to) {
  return verbs_ ? verbs_->announcement(job, to) : std::function<void()>{};
}
std::function<void()> Broker::announcement(const CorePool& pool) { return verbs_ ? verbs_->announcement(pool) : std::function<void()>{}; }

void Broker::on_store_failed(const Error& error) {
  // What the kernel refused it may grant the next broker, which reads what is there: jobs run. What is damaged stays so.
  const bool may_pass = error.code == Errc::io;
  log::critical("the store: {}; {}", error.text, may_pass ? "leaving it to another broker" : "nothing can be done here");
  leave(may_pass ? kExitTryAgain : kExitCannotWork);
}

void Broker::drain_within(Microseconds time) {
  engine_->tell(Drain{});
  stop_timer_.set(Clock::now() + time, [this] { engine_->tell(StopAll{}); });
}

void Broker::stop_now() {
  if (std::exchange(stopping_, true)) return;
  if (!engine_) return leave(0);
  engine_->tell(StopAll{});
  stop_timer_.set(Clock::now() + kStopTime, [this] { leave(0); });
}

void Broker::leave(int exit_status) {
  stopping_ = true;
  exit_status_ = exit_status;
  if (verbs_ && exit_status == 0) verbs_->end_events();  // the turn's end sends that
  loop_.stop();
}

}  // namespace jobpool::broker
