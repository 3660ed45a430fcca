// Events to the core, effects to the world.
#include "daemon/broker/engine.hpp"

#include <algorithm>
#include <utility>

#include "common/log.hpp"
#include "daemon/broker/stored_jobs.hpp"

namespace jobpool::broker {
namespace {

bool may_have_result(const Job& job) {
  // A chunk of a map has failed when one of its items did, and has a result all the same.
  const bool may = job.outcome == Outcome::succeeded || job.outcome == Outcome::failed;
  return !job.flags.batch && job.kind == shm::JobKind::function && may;
}

}  // namespace

Engine::Engine(Ledger ledger, Store& store, std::uint64_t instance, CoreLimits limits, JobId next_id, EngineListener& listener,
               ReadClocks clocks)
    : listener_(listener),
      read_clocks_(std::move(clocks)),
      instance_(instance),
      ledger_(std::move(ledger)),
      core_(limits, next_id),
      dispatcher_(*this),
      journal_(store, *this) {}

void Engine::tell(Event&& event) {
  read_clocks_(latest_);
  if (began_.wall_usec == 0) began_ = latest_;
  core_.handle(std::move(event), latest_, effects_);
  if (std::exchange(carrying_out_, true)) return;  // the loop below, further up the stack, goes on with what was added
  while (!effects_.empty()) {
    std::swap(effects_, under_way_);  // carrying them out may append to effects_
    for (const Effect& effect : under_way_) std::visit([this](const auto& one) { carry_out(one); }, effect);
    under_way_.clear();
  }
  carrying_out_ = false;
}

void Engine::hold_descriptors(JobId job, std::vector<UniqueFd>&& fds) { descriptors_.try_emplace(job, std::move(fds)); }

Result<void> Engine::add_worker(WorkerSeed seed) {
  const Incarnation incarnation = seed.incarnation;
  const WorkerNumber number = seed.number;
  const PoolNumber pool = seed.pool;
  if (auto added = dispatcher_.add(std::move(seed)); !added) {
    // To the core it has come all the same, and is of no use: another is asked for when it is dead.
    tell(WorkerJoined{incarnation, number, pool, WorkerJoined::Setup::done});
    tell(WorkerCondemned{incarnation});
    return added;
  }
  tell(WorkerJoined{incarnation, number, pool, dispatcher_.setup_state(incarnation), dispatcher_.offers_made(incarnation)});
  return {};
}

std::size_t Engine::worker_died(Incarnation worker, int signal, int exit_code) {
  auto verdict = dispatcher_.judge(worker);
  const std::size_t claimed = verdict.claimed.size();
  tell(WorkerLost{worker, std::move(verdict.unclaimed), std::move(verdict.claimed), signal, exit_code, std::move(verdict.items)});
  dispatcher_.remove(worker);
  return claimed;
}

void Engine::dismiss_worker(Incarnation worker) {
  tell(WorkerCondemned{worker});
  dispatcher_.dismiss(worker);
}

bool Engine::signal_job(const Job& job, int signal) { return dispatcher_.signal(job.id, job.worker, signal); }

void Engine::end_turn() {
  dispatcher_.drain_all();
  lacks_room_ = false;  // whoever lacks it still is offered, and says so again
  tell(EndOfTurn{});
  // For jobs that found the ledger full just now, and for those that were taken back for an idle worker: nothing else may happen for long.
  const bool room_was_made = std::exchange(room_was_made_, false);
  if (room_was_made || core_.wants_turn()) tell(EndOfTurn{});
  ledger_.set_next_id(core_.next_id());  // those that waited for room were given ids just now
  record_late();
  journal_.end_turn();
}

void Engine::audit() {
  dispatcher_.audit();
  ledger_.give_back_unused(now().steady);
  tell(Tick{});
}

bool Engine::prepare_to_sleep() { return dispatcher_.prepare_to_sleep(); }

// Not before its last attempt: the next one needs them. At the end they go in any case.
void Engine::release_descriptors(JobId id) {
  if (descriptors_.empty()) return;
  const Job* job = core_.find(id);
  if (job == nullptr || job->attempt > job->retries) descriptors_.erase(id);
}

void Engine::on_result_piece(JobId job, std::uint64_t total, std::uint64_t offset, std::span<const std::byte> piece) {
  if (ledger_.add_result(job, total, offset, piece)) return;
  if (offset > 0 || !make_room(total) || !ledger_.add_result(job, total, offset, piece))
    log::debug("job {}: no room for {} bytes of its result", job.value, total);
}

Result<void> Engine::on_report(JobId job, std::span<const std::byte> report) {
  auto decoded = decode_report(report);
  if (!decoded) return decoded.error();
  const Job* known = core_.find(job);
  if (known == nullptr || !known->offered) return {};  // an earlier broker recorded it, and died before it could acknowledge it
  record_report(job, *decoded, report);
  release_descriptors(job);
  tell(Reported{job, &*decoded});
  return {};
}

// Before the core hears of it: a result that cannot be kept must not look like one that was never returned.
void Engine::record_report(JobId job, ReportView& report, std::span<const std::byte> bytes) {
  const bool pieces_lost = report.streamed && !ledger_.has_streamed_result(job);
  if (!pieces_lost && (ledger_.keep_report(job, bytes) || (make_room(bytes.size()) && ledger_.keep_report(job, bytes)))) return;
  if (pieces_lost || !report.result.empty()) {
    report.ending = Ending::threw;
    report.error_type = kResultLost;
    report.reason = "the daemon has no room for the result; collect or forget others, then run it again";
    report.result = {};
    report.streamed = false;
  }
  std::vector<std::byte> rest;
  encode_report(report, rest);
  if (!ledger_.keep_report(job, rest))
    log::About{.job = job.value}.warn("job {}: no room for its report; its outcome is kept alone", job.value);
}

void Engine::on_liar(Incarnation worker, const std::string& what) {
  log::error("worker incarnation {} breaks the queue's rules: {}; killing it", worker.value, what);
  tell(WorkerCondemned{worker});
  listener_.on_kill_worker(worker);
}

void Engine::on_not_stored(const std::vector<JobId>& jobs) {
  tell(StoreFull{});
  // The last first: one that waits for another is gone before that.
  for (auto id = jobs.rbegin(); id != jobs.rend(); ++id) {
    recorded_in_.erase(*id);
    tell(NotStored{*id});
  }
}

void Engine::on_store_has_room() { tell(StoreHasRoom{}); }

// All that is offered and not dispatched waits for its record.
void Engine::on_store_stuck() {
  log::error("the disk is full, and not even what was accepted can be recorded: durable jobs stay ready until there is room");
  std::vector<JobId> waiting;
  for (const auto& [job, commit] : recorded_in_) waiting.push_back(job);
  std::ranges::sort(waiting);
  tell(StoreStuck{std::move(waiting)});
}

void Engine::on_store_moves() {
  log::info("the disk has room again: durable jobs go on");
  tell(StoreMoves{});
}

void Engine::when_stored(JobId job, std::function<void()> action) {
  const Job* known = core_.find(job);
  if (known != nullptr && known->flags.durable) return journal_.after_commit(std::move(action));
  action();
}

void Engine::carry_out(const Accepted& effect) {
  const Job* job = core_.find(effect.job);
  // As when_stored(), without a closure for those that are not: it would be one more allocation for each. (One that is known by its key and
  // settled is on disk, and may be forgotten before the next commit.)
  if (job != nullptr && job->flags.durable && !job->settled) {
    journal_.hurry(journal_.open_commit());
    journal_.after_commit([this, effect] { answer_accepted(effect); });
  } else {
    answer_accepted(effect);
  }
  job = effect.kind == Accepted::Kind::fresh ? core_.find(effect.job) : nullptr;
  if (job != nullptr && job->state != JobState::done) announce(*job, job->state);
}

void Engine::carry_out(const Refused& effect) {
  if (effect.why != Refusal::withdrawn) stats_.refused();
  listener_.on_refused(effect);
}

void Engine::carry_out(const Save& effect) {
  const Job* job = core_.find(effect.job);
  if (job == nullptr) return;
  switch (effect.what) {
    case Save::What::accepted:
      return journal_.write(record_of(*job, effect, core_.notes(job->id)));
    case Save::What::attempt:
      recorded_in_[job->id] = journal_.open_commit();
      return journal_.write(AttemptRecord{job->id, effect.number, now().wall_usec, instance_}, effect.urgency);
    case Save::What::attempt_undone:
      return journal_.write(AttemptUndone{job->id, effect.number}, Urgency::soon);
    case Save::What::dependency_met:
      latest_met_in_ = journal_.open_commit();
      return journal_.write(DependencyMet{job->id, effect.number});
  }
}

void Engine::carry_out(const Detached& effect) {
  ledger_.note_detached(effect.job);
  const Job* job = core_.find(effect.job);
  if (job != nullptr && job->flags.durable) journal_.write(JobDetached{effect.job});
}

void Engine::carry_out(const AttemptEnded& effect) {
  ledger_.end_attempt(effect.job, effect.attempt->number);
  const Job* job = core_.find(effect.job);
  if (job != nullptr) stats_.retried(*job, *effect.attempt);
  if (job == nullptr || !job->flags.durable) return;
  journal_.write(AttemptEnd{job->id, *effect.attempt}, Urgency::soon);
  // While it waits for its retry the store knows all of it. Half a million that wait so would else fill the ledger for everybody.
  journal_.after_commit([this, id = effect.job] {
    const Job* waiting = core_.find(id);
    if (waiting != nullptr && !waiting->offered && !waiting->attempt_open && waiting->state != JobState::done) ledger_.erase(id);
  });
}

void Engine::carry_out(const OfferJob& effect) {
  const auto recorded = recorded_in_.find(effect.job);
  if (recorded == recorded_in_.end()) return dispatch(effect);
  journal_.hurry(recorded->second);  // it may have been recorded ahead, for later
  journal_.after(recorded->second, [this, effect, number = recorded->second] {
    const auto now = recorded_in_.find(effect.job);
    if (now != recorded_in_.end() && now->second > number) return;  // taken back, undone and recorded anew: that is waited for
    if (dispatcher_.has(effect.job, effect.worker)) return;         // taken back and offered again, while both waited
    dispatch(effect);
  });
}

void Engine::dispatch(const OfferJob& effect) {
  recorded_in_.erase(effect.job);
  const Job* job = core_.find(effect.job);
  if (job == nullptr || !job->offered || job->worker != effect.worker) return;  // taken back meanwhile
  std::span<const UniqueFd> fds;
  if (job->flags.has_descriptors) {
    const auto held = descriptors_.find(job->id);
    if (held == descriptors_.end())
      return tell(Cancel{job->id, Cancel::Haste::grace, "its caller's descriptors died with an earlier broker"});
    fds = held->second;
  }
  // Nothing gave way yet: it stays ready, and is offered again when this turn's end, or a later one, has made room.
  // (A pointer to a job that has not ended outlives that.)
  if (!ledger_.begin(*job) && !(make_room(Ledger::bytes_to_begin(*job)) && ledger_.begin(*job))) {
    lacks_room_ = true;
    return tell(Revoked{job->id, true});
  }
  const auto offered = dispatcher_.offer(*job, effect.worker, fds);
  if (offered == Dispatcher::Offered::no_room) tell(OfferFailed{job->id});
  if (offered == Dispatcher::Offered::no_worker) tell(Revoked{job->id, true});  // its death is on the way; the job goes to another
  if (offered == Dispatcher::Offered::later) {
    log::debug("job {}: the kernel takes no more descriptors for workers at present; it stays ready", effect.job.value);
    tell(Revoked{job->id, true});
  }
}

void Engine::carry_out(const RevokeJob& effect) {
  const bool never_started = dispatcher_.revoke(effect.job, effect.worker);
  if (const Job* job = core_.find(effect.job); job != nullptr && never_started) stats_.revoked(*job);
  tell(Revoked{effect.job, never_started});
}

void Engine::carry_out(const StopAsked& effect) {
  if (const Job* job = core_.find(effect.job)) ledger_.note_stop(*job);
}

void Engine::carry_out(const StopJob& effect) { dispatcher_.stop(effect.job, effect.worker, effect.grace); }

void Engine::carry_out(const KillWorker& effect) {
  log::warn("killing worker incarnation {}: {}", effect.worker.value, effect.reason);
  listener_.on_kill_worker(effect.worker);
}

void Engine::carry_out(const Ended& effect) {
  const Job* job = core_.find(effect.job);
  if (job == nullptr) return;
  descriptors_.erase(job->id);
  recorded_in_.erase(job->id);
  if (effect.is_for_ephemeral) record_ends_of_chunks(*job);
  // Of a durable job that was never offered the store alone knows, as a rule.
  if (!job->flags.durable || ledger_.has(job->id) || effect.is_for_ephemeral) record_end(*job);
  if (job->flags.durable) save_end(*job, listener_.is_awaited(job->id) ? effect.urgency : std::max(effect.urgency, Urgency::soon));
  if (!job->flags.durable && !effect.is_saved_for_others) return settle(job->id);
  journal_.after_commit([this, id = job->id] { settle(id); });
}

void Engine::save_end(const Job& job, Urgency urgency) {
  if (job.attempt == 0) latest_met_in_ = journal_.open_commit();  // before that is on disk the next broker asks for what it waited for
  if (job.attempt > (job.earlier.empty() ? 0 : job.earlier.back().number)) {
    Attempt last = attempt_of(job);
    last.outcome = job.outcome;
    journal_.write(AttemptEnd{job.id, std::move(last)}, urgency);
  }
  journal_.write(JobEnd{job.id, job.outcome, job.ended_usec, job.reason, std::string{ledger_.result(job.id)}}, urgency);
}

std::optional<std::string> Engine::result_at_hand(const Job& job) const {
  const std::optional<std::string_view> result = result_in_place(job);
  return result ? std::optional<std::string>{*result} : std::nullopt;
}

std::optional<std::string_view> Engine::result_in_place(const Job& job) const {
  if (!may_have_result(job)) return std::string_view{};
  if (!job.flags.durable || ledger_.has(job.id)) return ledger_.result(job.id);
  return std::nullopt;
}

void Engine::carry_out(const Forgotten& effect) {
  if (effect.durable) journal_.write(JobRemoval{effect.job}, Urgency::soon);
  // What its end meant to durable jobs, or that it means nothing to one any more, may be under way to the disk still: the next broker would
  // miss the record.
  if (effect.named_by_durable && !effect.durable && !journal_.is_durable(latest_met_in_))
    journal_.after(latest_met_in_, [this, id = effect.job] { ledger_.erase(id); });
  else
    ledger_.erase(effect.job);
  listener_.on_forgotten(effect);
}

void Engine::carry_out(const Drained&) {
  journal_.after_commit([this] { listener_.on_drained(); });
}

}  // namespace jobpool::broker
