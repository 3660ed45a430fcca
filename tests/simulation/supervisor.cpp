// Who lives and who dies: the supervisor's part of the world, and a new broker's first steps. See world.hpp.
#include <algorithm>
#include <csignal>
#include <utility>

#include "daemon/broker/recovery.hpp"
#include "tests/simulation/violation.hpp"
#include "tests/simulation/world.hpp"

namespace jobpool::simulation {

using namespace broker;

void World::start_broker() {
  if (life_) return;
  Ledger ledger = memory_.ledger.open();
  const JobId next = first_id(ledger, first_unreserved_);
  auto pools = store_.load_pools();
  auto stored = store_.load();
  trace_.line("broker {}: begins, with id {}, {} stored jobs and {} workers", oracle_.life(), next.value, stored->size(), workers_.size());
  life_.emplace(std::move(ledger), oracle_.instance(), plan_.limits, next,
                Life::Surroundings{store_, fuse_, now_, [this](JobId job) { oracle_.broker_forgets(job); }});
  if (plan_.weights[static_cast<std::size_t>(Step::light_fuse)] > 0 && choices_.one_in(4)) light_fuse(choices_.between(1, 12));
  in_broker([&](Life& life) {
    life.engine.ledger().set_next_id(next);
    Recovery recovery(life.engine, std::move(*stored), std::move(*pools));
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      take_over(life, recovery, *workers_[i]);
      if (choices_.one_in(3)) let_act(*any_worker());
      if (choices_.one_in(6)) life.engine.end_turn();
    }
    recovery.finish();
    life.engine.tell(StaffPools{static_cast<std::uint32_t>(plan_.workers)});
    oracle_.broker_recovered(life.engine.core());
    turn_of(life);
  });
}

void World::take_over(Life& life, Recovery& recovery, SimWorker& worker) {
  trace_.line("broker: takes over worker {}", worker.incarnation().value);
  require(static_cast<bool>(recovery.take_over(worker.seed(shm::OfferSide::Origin::inherited))), "worker {} cannot be taken over",
          worker.incarnation().value);
  if (!worker.is_alive() && choices_.one_in(2)) tell_death(life, worker);
}

void World::tell_death(Life& life, SimWorker& worker) {
  trace_.line("broker: hears that worker {} is dead", worker.incarnation().value);
  worker.is_reported = true;
  life.engine.worker_died(worker.incarnation(), worker.has_left() ? 0 : SIGKILL, 0);
  life.say(DeathHeard{worker.incarnation()});
}

std::vector<std::unique_ptr<SimWorker>>::iterator World::untold_death() {
  return std::ranges::find_if(workers_, [](const auto& worker) { return !worker->is_alive() && !worker->is_reported; });
}

void World::report_death() {
  const auto dead = untold_death();
  if (dead != workers_.end()) in_broker([&](Life& life) { tell_death(life, **dead); });
}

// As after a reload.
void World::dismiss(SimWorker& worker) {
  if (!worker.is_alive() || worker.is_dismissed) return;
  in_broker([&](Life& life) {
    trace_.line("broker: worker {} is to leave", worker.incarnation().value);
    life.engine.dismiss_worker(worker.incarnation());
    worker.is_dismissed = true;
  });
}

void World::kill_broker() {
  if (life_) bury_broker("between two events");
}

void World::bury_broker(const char* when) {
  trace_.line("broker: dies {}", when);
  life_.reset();
  fuse_.put_out();
  daemon_ends_ = false;
  asked_for_.clear();
  crash_store();
  oracle_.broker_died();
  oracle_.callers_are_cut_off();
  // The next is told of them again.
  for (const auto& worker : workers_) worker->is_reported = false;
  if (mutant_ == Mutant::lost_ledger) memory_.ledger.wipe();
  if (mutant_ == Mutant::late_ledger && !ledger_before_turn_.empty()) memory_.ledger.restore(ledger_before_turn_);
  if (mutant_ == Mutant::lost_slots)
    for (const auto& worker : workers_) worker->forget_offers();
}

// Its thread may have committed some more than the broker lived to hear.
void World::crash_store() {
  if (choices_.one_in(2)) store_.step(choices_.between(1, 3));
  store_.crash();
}

void World::kill_host() {
  trace_.line("host: dies");
  life_.reset();
  crash_store();
  oracle_.host_died();
  new_instance();
}

// The broker has drained, and leaves.
void World::stop_daemon() {
  trace_.line("daemon: has drained and ends");
  life_.reset();
  store_.step(SIZE_MAX);
  store_.crash();
  oracle_.daemon_stopped();
  new_instance();
}

void World::new_instance() {
  fuse_.put_out();
  daemon_ends_ = false;
  oracle_.callers_are_cut_off();
  for (const auto& worker : workers_) memory_.segments.give_back(worker->segment());
  workers_.clear();
  asked_for_.clear();
  memory_.ledger.wipe();
  ledger_before_turn_.clear();
  if (mutant_ == Mutant::reused_ids) first_unreserved_ = JobId{1};
}

// One of those that the broker has asked for. It may need it no more.
void World::start_worker() {
  if (!life_ || asked_for_.empty()) return;
  const StartWorker asked = asked_for_.front();
  asked_for_.erase(asked_for_.begin());
  for (const auto& worker : workers_)
    require(worker->number() != asked.number || worker->is_reported, "worker {} is asked for, and is there", asked.number.value);
  const std::uint32_t threads = life_->engine.core().pools().at(asked.pool).record.settings.threads;
  workers_.push_back(std::make_unique<SimWorker>(Incarnation{++incarnations_}, asked.number, asked.pool, memory_.segments.take(threads)));
  SimWorker& worker = *workers_.back();
  trace_.line("worker {}: begins, number {} of pool {}", worker.incarnation().value, asked.number.value, asked.pool.value);
  in_broker([&](Life& life) {
    require(static_cast<bool>(life.engine.add_worker(worker.seed(shm::OfferSide::Origin::fresh))), "a fresh worker cannot be added");
  });
}

void World::found() {
  start_broker();
  in_broker([&](Life& life) {
    make_second_pool(life);
    life.engine.journal().collect();
    turn_of(life);
  });
  while (life_ && !asked_for_.empty()) start_worker();
}

void World::kill_worker(SimWorker& worker) {
  if (worker.is_alive()) worker.die(oracle_);
}

void World::kill_doomed() {
  for (const auto& worker : workers_)
    if (worker->is_doomed) kill_worker(*worker);
}

void World::calm_down() {
  fuse_.put_out();
  store_.make_room();
  for (const auto& worker : workers_)
    if (worker->hangs && worker->is_busy() &&
        std::ranges::none_of(worker->begun_jobs(), [&](JobId job) { return oracle_.work_of(job).submit.timeout > Microseconds{0}; }))
      kill_worker(*worker);
}

SimWorker* World::any_worker() { return workers_.empty() ? nullptr : choices_.one_of(workers_).get(); }

void World::let_act(SimWorker& worker) {
  if (mutant_ == Mutant::revoked_offer) {
    worker.run_what_was_seen(oracle_);
    worker.look_at_offer();
    if (choices_.one_in(2)) return;  // its look and its claim are not one step
  }
  if (plan_.deadly > 0 && worker.is_busy() && choices_.one_in(plan_.deadly)) return kill_worker(worker);
  worker.act(choices_, oracle_, now_.wall_usec);
}

}  // namespace jobpool::simulation
