// Drives a JobCore by hand: a clock that is turned, workers that are pretended, effects that are looked at.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/broker/core/job_core.hpp"
#include "tests/support/catch.hpp"

namespace jobpool::broker {

class CoreDriver {
 public:
  explicit CoreDriver(CoreLimits limits = {}, std::uint64_t first_id = 1) : core(limits, JobId{first_id}) {}

  JobCore core;
  Now now{TimePoint{} + std::chrono::hours{1}, 1'000'000'000};
  Effects effects;      // of the last event
  bool settles = true;  // what ends is recorded at once

  void advance(std::chrono::milliseconds by) {
    now.steady += by;
    now.wall_usec += std::chrono::duration_cast<Microseconds>(by).count();
  }

  void tell(Event event) {
    effects.clear();
    core.handle(std::move(event), now, effects);
    if (settles)
      for (const Ended& ended : all<Ended>()) core.handle(Settled{ended.job}, now, effects);
  }
  void end_turn() { tell(EndOfTurn{}); }

  void join(std::uint64_t incarnation, std::uint32_t number = 0) {
    tell(WorkerJoined{Incarnation{incarnation}, WorkerNumber{number != 0 ? number : static_cast<std::uint32_t>(incarnation)}});
  }

  // A pool that was created just now. Workers for it come only when told so.
  PoolNumber create_pool(PoolSettings settings) {
    const std::string name = settings.name;
    tell(CreatePool{std::move(settings)});
    return core.pools().find(name)->record.number;
  }
  void join_pool(std::uint64_t incarnation, PoolNumber pool) {
    WorkerJoined joined;
    joined.incarnation = Incarnation{incarnation};
    joined.number = WorkerNumber{static_cast<std::uint32_t>(incarnation)};
    joined.pool = pool;
    tell(joined);
  }
  JobId submit_to(PoolNumber pool, bool durable = false) {
    Submit event = a_submission();
    event.pool = pool;
    event.grace = std::chrono::seconds{5};
    event.flags.durable = durable;
    return submit(std::move(event));
  }
  const CorePool& pool(PoolNumber number) const {
    REQUIRE(core.pools().find(number) != nullptr);
    return *core.pools().find(number);
  }

  static Submit a_submission(std::string key = {}, std::uint64_t hash = 0) {
    Submit event;
    event.token = Token{77};
    event.mode = Mode::apply_async;
    event.payload = "payload";
    event.key = std::move(key);
    event.spec_hash = hash;
    return event;
  }

  // Submits, and returns the id it was given.
  JobId submit(Submit event = a_submission()) {
    tell(std::move(event));
    const auto* accepted = find<Accepted>();
    REQUIRE(accepted != nullptr);
    return accepted->job;
  }
  JobId submit(Mode mode, shm::JobKind kind = shm::JobKind::function) {
    Submit event = a_submission();
    event.mode = mode;
    event.kind = kind;
    event.grace = std::chrono::seconds{5};
    return submit(std::move(event));
  }

  void start(JobId job) { tell(Started{job, 4711, now.wall_usec}); }
  void report(JobId job, Ending ending = Ending::returned, int code = 0, std::int64_t ran_usec = 1'000) {
    ReportView report;
    report.ending = ending;
    report.code = code;
    report.ended_usec = now.wall_usec + ran_usec;
    tell(Reported{job, &report});
  }

  template <class Kind>
  const Kind* find() const {
    for (const Effect& effect : effects)
      if (const auto* one = std::get_if<Kind>(&effect)) return one;
    return nullptr;
  }
  template <class Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const Effect& effect : effects)
      if (const auto* one = std::get_if<Kind>(&effect)) found.push_back(*one);
    return found;
  }

  const Job& job(JobId id) const {
    const Job* job = core.find(id);
    REQUIRE(job != nullptr);
    return *job;
  }
};

// Its turn ends, it starts, and ends so; one that exits does with 3.
inline void run(CoreDriver& driver, JobId job, Ending ending = Ending::returned) {
  driver.end_turn();
  driver.start(job);
  driver.report(job, ending, ending == Ending::exited ? 3 : 0);
}

// Teaches the core that jobs run for so long.
inline void run_some(CoreDriver& driver, Microseconds each) {
  for (int i = 0; i < 40; ++i) {
    const JobId id = driver.submit();
    driver.end_turn();
    driver.start(id);
    driver.report(id, Ending::returned, 0, each.count());
  }
}

inline void set_usual_run(CoreDriver& driver, Microseconds each) { driver.core.pools().at(PoolNumber{}).usual_run = each; }

}  // namespace jobpool::broker
