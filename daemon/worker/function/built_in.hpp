// The functions every worker has, without any plugin: noop, echo, square, sleep, fail, crash, exit, and those of
// jobpool copy. Worker process.
#pragma once

#include "daemon/worker/function/function_table.hpp"

namespace jobpool::worker {

void add_built_in(FunctionTable& table);

}  // namespace jobpool::worker
