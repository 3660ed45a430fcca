// jobpool map --async: all items as one durable batch, multiprocessing's map_async.
#pragma once

#include "client/cli/context.hpp"
#include "client/cli/item_source.hpp"
#include "client/cli/replacement.hpp"
#include "proto/messages.hpp"

namespace jobpool::cli {

// Prints the batch's id, and nothing else. `chunk`: items to a chunk; 0: Python's rule.
int submit_batch(Context& context, ItemSource source, const Template& words, proto::Submission job, std::size_t chunk);

}  // namespace jobpool::cli
