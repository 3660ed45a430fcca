// What a schedule is made of, drawn at its beginning: how many workers, which steps are frequent and which never come, how tight the
// limits are. Schedules that differ in this find more than all of one kind.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "daemon/broker/core/job_core.hpp"
#include "tests/simulation/choices.hpp"

namespace jobpool::simulation {

enum class Step : std::uint8_t {
  submit,
  submit_again,  // with a key that is known
  withdraw,
  ask_for_end,
  cancel,
  kill_function,
  remove,
  end_turn,
  start_broker,
  worker_acts,
  worker_dies,
  worker_hangs,
  report_death,  // the supervisor tells the broker
  kill_doomed,   // and does what the broker asked for
  start_worker,
  dismiss_worker,
  commit,
  collect,
  fill_disk,
  make_room,
  time_passes,
  set_clock,
  kill_broker,  // between two events
  light_fuse,   // in the middle of one that is to come
  host_dies,
  drain,
  pause_pool,
  resume_pool,
  close_pool,
  terminate_pool,
  resize_pool,
  count_,
};

inline constexpr std::size_t kSteps = static_cast<std::size_t>(Step::count_);

struct Plan {
  std::size_t workers = 1, jobs = 1;
  broker::PoolSettings second;  // the pool beside the default one
  std::array<std::uint16_t, kSteps> weights{};
  std::size_t weight_sum = 0;
  broker::CoreLimits limits;
  // One in so many; 0: never.
  std::size_t ephemeral = 0, keyed = 0, prioritised = 0, delayed = 0, dependent = 0, retried = 0, timed = 0, commands = 0, applies = 0,
              described = 0, batches = 0;
  std::size_t deadly = 0;  // of a worker's steps with a job, one in so many kills it; 0: none

  Step draw_step(Choices& choices) const;
};

Plan draw_plan(Choices& choices);

}  // namespace jobpool::simulation
