// The verbs behind 'jobpool queue': one file each (queue_put.cpp and so on), with the table of them in queue.cpp.
#pragma once

#include <string>
#include <vector>

#include "client/cli/verbs.hpp"

namespace jobpool::cli {

int run_queue_create(Context& context, Words words);
int run_queue_put(Context& context, Words words);
int run_queue_get(Context& context, Words words);
int run_queue_full(Context& context, Words words);
int run_queue_empty(Context& context, Words words);
int run_queue_size(Context& context, Words words);
int run_queue_done(Context& context, Words words);
int run_queue_join(Context& context, Words words);
int run_queue_delete(Context& context, Words words);
int run_queue_list(Context& context, Words words);
int run_queue_show(Context& context, Words words);

inline constexpr Options::Range kItemsPerCall{1, 10'000};

// What is wrong with it as a queue's name, ready for misused(); empty: nothing.
std::string queue_name_fault(const std::string& name);
// The same of operands that must be one queue's name and nothing else.
std::string one_queue_fault(const std::vector<std::string>& operands);

}  // namespace jobpool::cli
