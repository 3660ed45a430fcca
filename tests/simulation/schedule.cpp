// See schedule.hpp.
#include "tests/simulation/schedule.hpp"

#include <algorithm>
#include <array>

#include "tests/simulation/clients.hpp"
#include "tests/simulation/violation.hpp"

namespace jobpool::simulation {
namespace {

using namespace std::chrono_literals;

// Rounds of peace; each lets everybody do what he can, and turns the clock to what is waited for.
constexpr int kPatience = 300;
constexpr std::array<Microseconds, 7> kPauses{10us, 1ms, 20ms, 60ms, 150ms, 1500ms, 11s};

class Schedule {
 public:
  Schedule(Memory& memory, std::uint64_t seed, Mutant mutant, const Trace& trace)
      : trace_(trace),
        choices_(seed),
        plan_(draw_plan(choices_)),
        world_(memory, choices_, plan_, trace, mutant),
        clients_(plan_, choices_, world_.oracle()) {}

  Tally run(std::size_t steps) {
    world_.found();
    for (std::size_t i = 0; i < steps; ++i) take(plan_.draw_step(choices_));
    trace_.line("--- from here on nobody dies");
    world_.calm_down();
    for (int i = 0; i < kPatience; ++i) {
      if (round_of_peace()) continue;
      world_.oracle().all_is_quiet(world_.broker()->engine);
      return world_.oracle().tally();
    }
    throw Violation{what_is_left()};
  }

 private:
  void take(Step step);
  void take_of_client(Step step);
  bool round_of_peace();
  void take_of_pools(Step step);
  void turn_clock_on();
  std::string what_is_left();
  bool is_over(const broker::JobCore& core) const;

  const Trace& trace_;
  Choices choices_;
  const Plan plan_;
  World world_;
  Clients clients_;
};

void Schedule::take(Step step) {
  SimWorker* worker = world_.any_worker();
  switch (step) {
    case Step::end_turn:
      return world_.end_turn();
    case Step::start_broker:
      return world_.start_broker();
    case Step::worker_acts:
      if (worker != nullptr) world_.let_act(*worker);
      return;
    case Step::worker_dies:
      if (worker != nullptr) world_.kill_worker(*worker);
      return;
    case Step::worker_hangs:
      if (worker != nullptr) worker->hangs = worker->has_begun();
      return;
    case Step::report_death:
      return world_.report_death();
    case Step::kill_doomed:
      return world_.kill_doomed();
    case Step::start_worker:
      return world_.start_worker();
    case Step::dismiss_worker:
      if (worker != nullptr) world_.dismiss(*worker);
      return;
    case Step::commit:
      trace_.line("store: commits");
      return world_.store().step(choices_.one_in(3) ? SIZE_MAX : 1);
    case Step::collect:
      return world_.collect();
    case Step::fill_disk:
      if (choices_.one_in(2)) {
        trace_.line("disk: is full to the brim");
        return world_.store().become_stuck();
      }
      trace_.line("disk: is full");
      return world_.store().become_full();
    case Step::make_room:
      trace_.line("disk: has room");
      return world_.store().make_room();
    case Step::time_passes:
      world_.advance(choices_.one_of(kPauses));
      return world_.audit();
    case Step::set_clock:
      return world_.set_clock(choices_.one_in(2) ? 1h : -1h);
    case Step::kill_broker:
      return world_.kill_broker();
    case Step::light_fuse:
      return world_.light_fuse(choices_.between(1, 12));
    case Step::host_dies:
      return world_.kill_host();
    case Step::drain:
      return choices_.one_in(2) ? world_.drain() : world_.stop_all();
    default:
      return take_of_client(step);
  }
}

void Schedule::take_of_pools(Step step) {
  const PoolNumber pool{static_cast<std::uint16_t>(choices_.below(2))};
  if (step == Step::pause_pool) world_.pause(pool);
  if (step == Step::resume_pool) world_.resume(pool);
  if (step == Step::close_pool) world_.close(pool);
  if (step == Step::terminate_pool) world_.terminate(pool);
  if (step == Step::resize_pool) world_.resize(pool, static_cast<std::uint32_t>(choices_.below(4)));
}

void Schedule::take_of_client(Step step) {
  if (world_.broker() == nullptr) return;  // nobody to talk to
  if (step >= Step::pause_pool) return take_of_pools(step);
  if (step == Step::submit || step == Step::submit_again) {
    const Work* work = step == Step::submit ? clients_.wish(world_.now().wall_usec) : clients_.wish_again();
    if (work != nullptr) world_.submit(*work);
    return;
  }
  if (step == Step::withdraw) {
    const auto open = world_.oracle().open_calls();
    if (!open.empty()) world_.withdraw(choices_.one_of(open));
    return;
  }
  const auto job = clients_.known_job();
  if (!job) return;
  if (step == Step::ask_for_end) world_.ask_for_end(*job);
  if (step == Step::cancel) world_.cancel(*job);
  if (step == Step::kill_function) world_.kill_function(*job);
  if (step == Step::remove) world_.remove(*job);
}

// False: there is nothing left to be done.
bool Schedule::round_of_peace() {
  if (world_.broker() == nullptr) world_.start_broker();
  world_.reopen_pools();
  for (std::size_t i = 0; i < plan_.workers + 2; ++i) {
    world_.kill_doomed();
    world_.report_death();
    world_.start_worker();
  }
  for (auto& worker : world_.workers())
    for (int i = 0; i < 3; ++i) world_.let_act(*worker);
  world_.store().step(SIZE_MAX);
  world_.collect();
  for (const auto& [id, truth] : world_.oracle().jobs())
    if (!truth.told) world_.ask_for_end(id);
  world_.audit();
  world_.end_turn();
  if (world_.broker() == nullptr) return true;  // the daemon had been told to end, and has
  if (world_.broker()->engine.core().draining()) world_.stop_all();
  if (world_.broker() == nullptr || !is_over(world_.broker()->engine.core())) {
    turn_clock_on();
    return true;
  }
  return world_.broker()->engine.journal().is_busy() || world_.oracle().awaits_answers() || world_.owes_a_death();
}

bool Schedule::is_over(const broker::JobCore& core) const {
  const auto counts = core.counts();
  if (core.draining() || counts.ready + counts.running + counts.waiting > 0) return false;
  for (const broker::Job* job = core.next_job(JobId{1}); job != nullptr; job = core.next_job(JobId{job->id.value + 1}))
    if (!job->settled) return false;
  return true;
}

void Schedule::turn_clock_on() {
  constexpr Microseconds kAtLeast = 110ms;
  if (world_.broker() == nullptr) return world_.advance(kAtLeast);
  const broker::JobCore& core = world_.broker()->engine.core();
  std::optional<Microseconds> pause;
  if (const auto next = core.next_deadline()) pause = std::chrono::duration_cast<Microseconds>(*next - world_.now().steady);
  if (const auto next = core.next_wall_deadline()) {
    const Microseconds by_wall{*next - world_.now().wall_usec};
    pause = std::min(pause.value_or(by_wall), by_wall);
  }
  world_.advance(std::max(pause.value_or(0us) + 1us, kAtLeast));
}

std::string Schedule::what_is_left() {
  std::string text = "everything was left to finish, and does not:";
  if (world_.broker() == nullptr) return text + " there is no broker";
  const broker::JobCore& core = world_.broker()->engine.core();
  for (const broker::Job* job = core.next_job(JobId{1}); job != nullptr; job = core.next_job(JobId{job->id.value + 1}))
    if (!job->settled) text += fmt::format(" job {} is {};", job->id.value, to_string(job->state));
  if (world_.oracle().awaits_answers()) text += " a caller has no answer;";
  return text;
}

}  // namespace

Tally run_schedule(Memory& memory, std::uint64_t seed, std::size_t steps, Mutant mutant, const Trace& trace) {
  return Schedule(memory, seed, mutant, trace).run(steps);
}

}  // namespace jobpool::simulation
