// What a broker is asked and told, and what becomes of its answers. See world.hpp.
#include "tests/simulation/world.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "tests/simulation/violation.hpp"

namespace jobpool::simulation {

using namespace broker;

World::World(Memory& memory, Choices& choices, const Plan& plan, const Trace& trace, Mutant mutant)
    : memory_(memory),
      choices_(choices),
      plan_(plan),
      trace_(trace),
      mutant_(mutant),
      store_(fuse_, trace, mutant),
      oracle_(store_, now_, trace) {
  now_ = {TimePoint{} + std::chrono::hours{1}, 1'700'000'000'000'000};
  memory_.segments.take_back_all();
  memory_.ledger.wipe();
}

void World::advance(Microseconds by) {
  trace_.line("{} ms pass", by.count() / 1000.0);
  now_.steady += by;
  now_.wall_usec += by.count();
}

void World::set_clock(Microseconds by) {
  trace_.line("the wall clock is set by {} s", by.count() / 1'000'000);
  oracle_.clock_was_set();
  now_.wall_usec += by.count();
}

// As the broker hears it: mutants do not get everything.
Submit World::as_heard(const Work& work) const {
  Submit submit = work.submit;
  if (mutant_ == Mutant::no_key) submit.key = {};
  if (mutant_ == Mutant::no_priority) submit.priority = 0;
  if (mutant_ == Mutant::no_dependencies) submit.after.clear();
  if (mutant_ == Mutant::one_pool) submit.pool = kDefaultPoolNumber;
  return submit;
}

void World::submit(const Work& work) {
  in_broker([&](Life& life) {
    if (life.engine.core().pools().find(work.submit.pool) == nullptr) return make_second_pool(life);
    Submit submit = as_heard(work);
    submit.token = oracle_.submitted(work);
    if (work.is_batch()) {
      trace_.line("client: submits work {}, a batch of {} chunks{}", work.number, work.chunks.size(),
                  submit.key.empty() ? "" : ", with key");
      SubmitBatch batch{std::move(submit), {}};
      for (const std::uint32_t chunk : work.chunks) batch.chunks.push_back(oracle_.work(chunk).submit);
      return life.engine.tell(std::move(batch));
    }
    trace_.line("client: submits work {} ({}{}{}{}, priority {}, retries {}, timeout {} ms, {} dependencies)", work.number,
                work.is_durable() ? "durable" : "ephemeral", submit.mode == Mode::apply ? " apply" : "",
                submit.kind == shm::JobKind::command ? " command" : "", submit.key.empty() ? "" : " with key", submit.priority,
                submit.retries, submit.timeout.count() / 1000, submit.after.size());
    life.engine.tell(std::move(submit));
  });
}

void World::withdraw(Token token) {
  in_broker([&](Life& life) {
    trace_.line("client: goes away, if it waits for room");
    life.engine.tell(Withdraw{token});
  });
}

void World::cancel(JobId id) {
  in_broker([&](Life& life) {
    life.engine.look_for_starts({&id, 1});
    const Job* job = life.engine.core().find(id);
    if (job == nullptr || job->state == JobState::done) return;
    trace_.line("client: cancels job {}", id.value);
    // Of a batch: its chunks.
    std::vector<JobId> all{id}, in_slots;
    if (const auto* chunks = life.engine.core().chunks(id)) all.insert(all.end(), chunks->begin(), chunks->end());
    for (const JobId one : all) {
      oracle_.asked_to_cancel(one);
      const Job* known = life.engine.core().find(one);
      if (known != nullptr && known->offered && life.engine.dispatcher().has(one, known->worker)) in_slots.push_back(one);
    }
    const auto haste = choices_.one_in(4) ? Cancel::Haste::now : Cancel::Haste::grace;
    life.engine.tell(Cancel{id, haste, "somebody cancelled it"});
    for (const JobId one : in_slots) oracle_.cancel_was_noted(one);
  });
}

void World::kill_function(JobId id) {
  in_broker([&](Life& life) {
    trace_.line("client: kills job {}", id.value);
    life.engine.tell(KillFunction{id});
  });
}

void World::remove(JobId id) {
  in_broker([&](Life& life) {
    trace_.line("client: removes job {}", id.value);
    life.engine.tell(Remove{id});
  });
}

void World::ask_for_end(JobId id) {
  in_broker([&](Life& life) {
    const Job* job = life.engine.core().find(id);
    if (job != nullptr && job->settled) life.say(life.end_of(*job));
  });
}

// Its client makes sure that it is there, and stored, before anything else.
void World::make_second_pool(Life& life) {
  trace_.line("client: makes the second pool");
  PoolSettings settings = plan_.second;
  if (mutant_ == Mutant::no_setup) settings.initializer.clear();
  life.engine.tell(CreatePool{std::move(settings)});
  if (plan_.second.needs_setup()) oracle_.pool_has_setup(PoolNumber{1});
  turn_of(life);
  store_.make_room();
  store_.step(SIZE_MAX);
}

void World::pause(PoolNumber pool) {
  in_broker([&](Life& life) {
    trace_.line("client: pauses pool {}", pool.value);
    if (mutant_ != Mutant::no_pause) life.engine.tell(PausePool{pool});
    if (life.engine.core().pools().find(pool) != nullptr) oracle_.pool_is_held(pool);
  });
}

void World::resume(PoolNumber pool) {
  in_broker([&](Life& life) {
    trace_.line("client: resumes pool {}", pool.value);
    oracle_.pool_goes_on(pool);
    life.engine.tell(ResumePool{pool});
  });
}

void World::close(PoolNumber pool) {
  in_broker([&](Life& life) {
    trace_.line("client: closes pool {}", pool.value);
    life.engine.tell(ClosePool{pool});
  });
}

void World::terminate(PoolNumber pool) {
  in_broker([&](Life& life) {
    if (life.engine.core().pools().find(pool) == nullptr) return;
    trace_.line("client: terminates pool {}", pool.value);
    oracle_.pool_may_be_terminated(pool);
    life.engine.tell(TerminatePool{pool, choices_.one_in(2) ? Microseconds::max() : Microseconds{20'000}});
    oracle_.pool_is_held(pool);
  });
}

void World::resize(PoolNumber pool, std::uint32_t size) {
  in_broker([&](Life& life) {
    trace_.line("client: resizes pool {} to {}", pool.value, size);
    life.engine.tell(ResizePool{pool, size});
  });
}

void World::reopen_pools() {
  if (!life_) return;
  std::vector<PoolNumber> held, empty;
  life_->engine.core().pools().each([&](const CorePool& pool) {
    if (pool.record.paused || pool.record.state != PoolState::running) held.push_back(pool.record.number);
    if (life_->engine.core().size_of(pool) == 0) empty.push_back(pool.record.number);
  });
  for (const PoolNumber pool : held) resume(pool);
  for (const PoolNumber pool : empty) resize(pool, 1);
}

void World::drain() {
  in_broker([&](Life& life) {
    trace_.line("supervisor: drain");
    oracle_.daemon_drains();
    life.engine.tell(Drain{});
  });
}

void World::stop_all() {
  in_broker([&](Life& life) {
    trace_.line("supervisor: stop now");
    oracle_.daemon_drains();
    life.engine.tell(StopAll{});
  });
}

void World::end_turn() {
  in_broker([&](Life& life) { turn_of(life); });
}

void World::audit() {
  in_broker([this](Life& life) {
    life.engine.audit();
    check_times(life.engine.core());
  });
}

// Whatever had been done to the wall clock.
void World::check_times(const JobCore& core) const {
  for (const Job* job = core.next_job(JobId{1}); job != nullptr; job = core.next_job(JobId{job->id.value + 1}))
    require(job->state != JobState::waiting || job->waits_for != WaitsFor::time || job->not_before_usec > now_.wall_usec,
            "job {} waits for a time that has come", job->id.value);
}

void World::collect() {
  in_broker([](Life& life) { life.engine.journal().collect(); });
}

void World::turn_of(Life& life) {
  trace_.line("broker: ends its turn");
  if (mutant_ == Mutant::late_ledger) ledger_before_turn_ = memory_.ledger.copy();
  // Ids are reserved before any of them leaves the broker.
  const JobId next = life.engine.core().next_id_after_turn();
  if (next.value >= first_unreserved_.value) first_unreserved_ = JobId{next.value + 16};
  note_waiting(life.engine.core());
  life.engine.end_turn();
  check_priorities(life.engine.core());
  deliver(life);
}

// One after the other: who dies now has told some of it.
void World::deliver(Life& life) {
  for (const News& one : std::exchange(life.news, {})) {
    deliver(life, one);
    fuse_.burn();
  }
}

void World::deliver(Life& life, const News& one) {
  const Token of_chunk{0};  // nobody asked for it by itself
  if (const auto* accepted = std::get_if<Accepted>(&one))
    return accepted->token == of_chunk ? void() : oracle_.told_accepted(accepted->token, accepted->job);
  if (const auto* refused = std::get_if<Refused>(&one))
    return refused->token == of_chunk ? void() : oracle_.told_refused(refused->token, refused->why);
  if (const auto* asked = std::get_if<KillAsked>(&one)) {
    for (const auto& worker : workers_)
      if (worker->incarnation() == asked->worker) worker->is_doomed = true;
  } else if (const auto* heard = std::get_if<DeathHeard>(&one)) {
    const auto gone = std::ranges::find(workers_, heard->worker, [](const auto& worker) { return worker->incarnation(); });
    if (gone == workers_.end()) return;
    memory_.segments.give_back((*gone)->segment());
    workers_.erase(gone);
  } else if (const auto* start = std::get_if<StartWorker>(&one)) {
    asked_for_.push_back(*start);
  } else if (const auto* left = std::get_if<PoolLeft>(&one)) {
    for (const auto& worker : workers_)
      require(worker->pool() != left->pool, "pool {} is told to have no workers, and worker {} is there", left->pool.value,
              worker->incarnation().value);
  } else if (const auto* end = std::get_if<End>(&one)) {
    oracle_.told_end(end->job, end->outcome, end->result);
    life.engine.tell(Delivered{end->job});  // whoever waited has it; of no meaning for those that nobody waits for
  } else {
    daemon_ends_ = true;
  }
}

void World::note_waiting(const JobCore& core) {
  waiting_.clear();
  if (core.draining()) return;
  for (const Job* job = core.next_job(JobId{1}); job != nullptr; job = core.next_job(JobId{job->id.value + 1})) {
    if (job->state != JobState::ready || job->offered || !core.pools().at(job->pool).starts_jobs()) continue;
    if (core.is_store_stuck() && job->flags.durable) continue;  // the others need not wait for it
    std::uint32_t number = 0;
    std::from_chars(job->payload.data(), job->payload.data() + job->payload.size(), number);
    waiting_.push_back({job->id, oracle_.work(number).submit.priority, job->pool});
  }
}

// Of those that waited already before the turn's end, none was passed over for one of lower priority. One that was offered in this turn,
// and taken back because its worker is to leave, had its turn.
void World::check_priorities(const JobCore& core) {
  const auto is_passed_over = [&](JobId id) {
    const Job* job = core.find(id);
    return job != nullptr && job->state == JobState::ready && !job->offered && job->offered_at != now_.steady;
  };
  const auto is_offered = [&](JobId id) {
    const Job* job = core.find(id);
    return job != nullptr && job->offered;
  };
  for (const Waiting& left : waiting_)
    for (const Waiting& taken : waiting_)
      require(taken.pool != left.pool || taken.priority >= left.priority || !is_passed_over(left.job) || !is_offered(taken.job),
              "job {} of priority {} is offered before job {} of priority {}", taken.job.value, taken.priority, left.job.value,
              left.priority);
}

}  // namespace jobpool::simulation
