// Events to the core, effects to the world.
#include "daemon/broker/engine.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace jobpool::broker {

Engine::Engine(Ledger ledger, CoreLimits limits, JobId next_id, EngineListener& listener)
    : listener_(listener), ledger_(std::move(ledger)), core_(limits, next_id), dispatcher_(*this) {}

void Engine::tell(Event&& event) {
  core_.handle(std::move(event), {Clock::now(), wall_usec()}, effects_);
  if (std::exchange(carrying_out_, true)) return;  // the loop below, further up the stack, goes on with what was added
  for (std::size_t i = 0; i < effects_.size(); ++i) {
    const Effect effect = std::move(effects_[i]);  // carrying it out may append to effects_
    std::visit([this](const auto& one) { carry_out(one); }, effect);
  }
  effects_.clear();
  carrying_out_ = false;
}

void Engine::hold_descriptors(JobId job, std::vector<UniqueFd> fds) { descriptors_.try_emplace(job, std::move(fds)); }

Result<void> Engine::add_worker(WorkerSeed seed, shm::OfferSide::Origin origin) {
  const Incarnation incarnation = seed.incarnation;
  const WorkerNumber number = seed.number;
  if (auto added = dispatcher_.add(std::move(seed), origin); !added) return added;
  tell(WorkerJoined{incarnation, number});
  return {};
}

std::size_t Engine::worker_died(Incarnation worker, int signal, int exit_code) {
  auto verdict = dispatcher_.judge(worker);
  const std::size_t claimed = verdict.claimed.size();
  tell(WorkerLost{worker, std::move(verdict.unclaimed), std::move(verdict.claimed), signal, exit_code});
  dispatcher_.remove(worker);
  return claimed;
}

void Engine::dismiss_worker(Incarnation worker) {
  tell(WorkerCondemned{worker});
  dispatcher_.dismiss(worker);
}

void Engine::look_for_start(JobId id) {
  dispatcher_.drain_all();
  const Job* job = core_.find(id);
  if (job != nullptr && job->state == JobState::ready && job->offered && dispatcher_.is_claimed(id, job->worker)) tell(Started{id, 0, 0});
}

void Engine::signal_job(const Job& job, int signal) {
  dispatcher_.order(job.id, job.worker, control::OrderKind::signal, Microseconds{0}, signal);
}

void Engine::end_turn() {
  dispatcher_.drain_all();
  ledger_.set_next_id(core_.next_id());
  tell(EndOfTurn{});
  dispatcher_.ring_bells();
}

void Engine::audit() {
  dispatcher_.audit();
  tell(Tick{});
}

bool Engine::prepare_to_sleep() { return dispatcher_.prepare_to_sleep(); }

void Engine::on_started(JobId job, const shm::StartBody& body) {
  descriptors_.erase(job);
  tell(Started{job, body.pid, body.started_usec});
}

void Engine::on_result_piece(JobId job, std::uint64_t total, std::uint64_t offset, std::span<const std::byte> piece) {
  if (!ledger_.add_result(job, total, offset, piece)) spdlog::debug("job {}: no room for {} bytes of its result", job.value, total);
}

Result<void> Engine::on_report(JobId job, std::span<const std::byte> report) {
  auto decoded = decode_report(report);
  if (!decoded) return decoded.error();
  // A result that went ahead in pieces and did not fit must not look like one that was never returned.
  if (decoded->streamed && !ledger_.has_streamed_result(job)) {
    decoded->ending = Ending::threw;
    decoded->error_type = "ResultLost";
    decoded->reason = "the daemon has no room for the result; collect or forget others, then run it again";
    report = {};
  }
  descriptors_.erase(job);
  report_ = {job, report};
  tell(Reported{job, &*decoded});
  report_ = {};
  return {};
}

void Engine::on_liar(Incarnation worker, const std::string& what) {
  spdlog::error("worker incarnation {} breaks the queue's rules: {}; killing it", worker.value, what);
  tell(WorkerCondemned{worker});
  listener_.on_kill_worker(worker);
}

void Engine::carry_out(const Accepted& effect) { listener_.on_accepted(effect); }
void Engine::carry_out(const Refused& effect) { listener_.on_refused(effect); }

void Engine::carry_out(const OfferJob& effect) {
  const Job* job = core_.find(effect.job);
  if (job == nullptr || !job->offered || job->worker != effect.worker) return;  // taken back within the turn
  std::span<const UniqueFd> fds;
  if (job->flags.has_descriptors) {
    const auto held = descriptors_.find(job->id);
    if (held == descriptors_.end())
      return tell(Cancel{job->id, Cancel::Haste::grace, "its caller's descriptors died with an earlier broker"});
    fds = held->second;
  }
  if (!ledger_.begin(*job)) return tell(Cancel{job->id, Cancel::Haste::grace, "the ledger is full"});
  const auto offered = dispatcher_.offer(*job, effect.worker, fds);
  if (offered == Dispatcher::Offered::no_room) tell(OfferFailed{job->id});
  if (offered == Dispatcher::Offered::no_worker) tell(Revoked{job->id, true});  // its death is on the way; the job goes to another
}

void Engine::carry_out(const RevokeJob& effect) { tell(Revoked{effect.job, dispatcher_.revoke(effect.job, effect.worker)}); }

void Engine::carry_out(const StopJob& effect) { dispatcher_.order(effect.job, effect.worker, control::OrderKind::stop, effect.grace); }

void Engine::carry_out(const KillWorker& effect) {
  spdlog::warn("killing worker incarnation {}: {}", effect.worker.value, effect.reason);
  listener_.on_kill_worker(effect.worker);
}

void Engine::carry_out(const Changed& effect) {
  SPDLOG_DEBUG("job {} {} → {}", effect.job.value, to_string(effect.from), to_string(effect.to));
  listener_.on_changed(effect);
}

void Engine::carry_out(const Ended& effect) {
  const Job* job = core_.find(effect.job);
  if (job == nullptr) return;
  descriptors_.erase(job->id);
  if (!ledger_.finish(*job, report_.job == job->id ? report_.bytes : std::span<const std::byte>{}))
    spdlog::error("job {}: the ledger has no room for its outcome", job->id.value);
  listener_.on_ended(*job);
}

void Engine::carry_out(const Forgotten& effect) {
  ledger_.erase(effect.job);
  listener_.on_forgotten(effect);
}

void Engine::carry_out(const Drained&) { listener_.on_drained(); }

}  // namespace jobpool::broker
