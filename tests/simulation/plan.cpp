// See plan.hpp.
#include "tests/simulation/plan.hpp"

namespace jobpool::simulation {
namespace {

struct Weight {
  Step step;
  std::uint16_t usual;
  enum class Share : std::uint8_t { always, sometimes } share;  // sometimes: in half of the schedules it never comes
};

constexpr auto kAlways = Weight::Share::always, kSometimes = Weight::Share::sometimes;

constexpr std::array kWeights{
    Weight{Step::submit, 12, kAlways},        Weight{Step::submit_again, 3, kSometimes},   Weight{Step::ask_for_end, 3, kSometimes},
    Weight{Step::cancel, 3, kSometimes},      Weight{Step::kill_function, 1, kSometimes},  Weight{Step::remove, 2, kSometimes},
    Weight{Step::end_turn, 16, kAlways},      Weight{Step::start_broker, 10, kAlways},     Weight{Step::worker_acts, 24, kAlways},
    Weight{Step::worker_dies, 3, kSometimes}, Weight{Step::worker_hangs, 1, kSometimes},   Weight{Step::report_death, 4, kAlways},
    Weight{Step::kill_doomed, 4, kAlways},    Weight{Step::start_worker, 4, kAlways},      Weight{Step::commit, 10, kAlways},
    Weight{Step::collect, 10, kAlways},       Weight{Step::fill_disk, 2, kSometimes},      Weight{Step::make_room, 3, kAlways},
    Weight{Step::time_passes, 8, kAlways},    Weight{Step::kill_broker, 2, kSometimes},    Weight{Step::light_fuse, 4, kSometimes},
    Weight{Step::host_dies, 1, kSometimes},   Weight{Step::drain, 1, kSometimes},          Weight{Step::withdraw, 2, kSometimes},
    Weight{Step::set_clock, 1, kSometimes},   Weight{Step::dismiss_worker, 1, kSometimes}, Weight{Step::pause_pool, 2, kSometimes},
    Weight{Step::resume_pool, 3, kAlways},    Weight{Step::close_pool, 1, kSometimes},     Weight{Step::terminate_pool, 1, kSometimes},
    Weight{Step::resize_pool, 2, kSometimes},
};
static_assert(kWeights.size() == kSteps);

// 0 in half of all schedules, else one in 1 to 4.
std::size_t draw_share(Choices& choices) { return choices.one_in(2) ? 0 : choices.between(1, 4); }

}  // namespace

Step Plan::draw_step(Choices& choices) const {
  std::size_t at = choices.below(weight_sum);
  std::size_t step = 0;
  for (; at >= weights[step]; ++step) at -= weights[step];
  return static_cast<Step>(step);
}

Plan draw_plan(Choices& choices) {
  Plan plan;
  plan.workers = choices.between(1, 3);
  plan.jobs = choices.between(1, 8);
  for (const Weight& one : kWeights) {
    const bool comes = one.share == kAlways || choices.one_in(2);
    // A third to three times as often as usual.
    const std::size_t weight = comes ? one.usual * choices.between(1, 9) : 0;
    plan.weights[static_cast<std::size_t>(one.step)] = static_cast<std::uint16_t>(weight);
    plan.weight_sum += weight;
  }
  for (std::size_t* share : {&plan.ephemeral, &plan.keyed, &plan.prioritised, &plan.delayed, &plan.dependent, &plan.retried, &plan.timed,
                             &plan.commands, &plan.applies, &plan.described, &plan.batches})
    *share = draw_share(choices);
  plan.second.name = "second";
  plan.second.size = static_cast<std::uint32_t>(choices.between(1, 2));
  if (choices.one_in(2)) plan.second.threads = static_cast<std::uint32_t>(choices.between(2, 3));
  if (choices.one_in(2)) plan.second.initializer = "initializer";
  if (choices.one_in(3)) plan.second.max_tasks = static_cast<std::uint32_t>(choices.between(1, 3));
  if (choices.one_in(3)) plan.second.min = static_cast<std::uint32_t>(choices.below(2));
  plan.second.idle_time = std::chrono::milliseconds{50};
  if (choices.one_in(8)) plan.deadly = choices.between(2, 4);
  if (choices.one_in(4)) plan.limits.kept_async = plan.limits.kept_apply = choices.below(3);
  if (choices.one_in(4)) plan.limits.max_queued_jobs = choices.between(1, 4);
  return plan;
}

}  // namespace jobpool::simulation
