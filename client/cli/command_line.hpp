// jobpool's words from the first one on: the common options, then a verb, then what the verb takes.
#pragma once

#include "client/cli/context.hpp"

namespace jobpool::cli {

// The exit code.
int run_program(Context& context, Words words);

}  // namespace jobpool::cli
