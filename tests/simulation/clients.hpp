// What clients may wish, drawn: a submission within a schedule's plan, and jobs that they know to do something about.
#pragma once

#include <optional>

#include "tests/simulation/choices.hpp"
#include "tests/simulation/oracle.hpp"
#include "tests/simulation/plan.hpp"

namespace jobpool::simulation {

class Clients {
 public:
  // All must outlive this.
  Clients(const Plan& plan, Choices& choices, Oracle& oracle) : plan_(plan), choices_(choices), oracle_(oracle) {}

  // Something new; null: they have wished enough.
  const Work* wish(std::int64_t wall_usec);
  // Something with a key that may be asked for again: durable work always, other work as long as the daemon is the same.
  const Work* wish_again();
  // A job that somebody was told of.
  std::optional<JobId> known_job();

 private:
  const Work* wish_batch();
  bool is_drawn(std::size_t share) { return share > 0 && choices_.one_in(share); }

  const Plan& plan_;
  Choices& choices_;
  Oracle& oracle_;
};

}  // namespace jobpool::simulation
