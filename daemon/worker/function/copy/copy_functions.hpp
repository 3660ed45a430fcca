// The built-in functions of jobpool copy: @copy_files (whole files, many in one job) and @copy_range (a part of a large one). Their
// arguments and results are in proto/copy_job.hpp. Both may be run again after a worker's death: what is half written has no name yet,
// or only that of a temporary file. Worker process, any of its threads.
#pragma once

#include "daemon/worker/function/function_table.hpp"

namespace jobpool::worker {

void add_copy_functions(FunctionTable& table);

}  // namespace jobpool::worker
