// The end of a batch (map --async), fetched: the results of all its items in order, and the table of those that failed.
#pragma once

#include "client/cli/ending_output.hpp"

namespace jobpool::cli {

// Exits as map does. Requires: the ending has chunks.
int show_batch(Context& context, const proto::Ending& batch, ResultForm form);

}  // namespace jobpool::cli
