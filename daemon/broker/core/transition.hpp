// The table of a job's states: which change may follow which. The one place that says so.
#pragma once

#include "common/outcome.hpp"

namespace jobpool::broker {

//   from \ to   ready    running  waiting  done
//   ready         –        ✓        ✓       ✓
//   running       ✓        –        ✓       ✓     (ready, waiting: a new attempt)
//   waiting       ✓        –        –       ✓
//   done          –        –        –       –
bool may_change(JobState from, JobState to);

}  // namespace jobpool::broker
