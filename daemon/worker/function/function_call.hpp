// One call of a function and the judgement of its answer: what a single call and the items of a chunk share. Worker process, its one
// thread.
#pragma once

#include "common/job/report.hpp"
#include "daemon/worker/function/function_table.hpp"

namespace jobpool::worker {

// Makes `report` that of a function that returned nothing yet. Its strings keep their room.
void clear(Report& report);

// Calls it, and fills in what it throws. Requires: the report is cleared.
void call_guarded(const Function& function, const jobpool_call* call, Report& report);

// What a function returned must be JSON, and fit.
void check_result(const Function& function, Report& report);

}  // namespace jobpool::worker
