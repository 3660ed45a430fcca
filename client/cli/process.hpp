// The verbs behind 'jobpool process': one file each (process_start.cpp and so on), with the table of them in process.cpp.
#pragma once

#include <string>
#include <vector>

#include "client/cli/verbs.hpp"

namespace jobpool::cli {

int run_process_start(Context& context, Words words);
int run_process_join(Context& context, Words words);
int run_process_alive(Context& context, Words words);
int run_process_show(Context& context, Words words);
int run_process_terminate(Context& context, Words words);
int run_process_kill(Context& context, Words words);
int run_process_list(Context& context, Words words);

// What is wrong with it as a process's name, ready for misused(); empty: nothing.
std::string process_name_fault(const std::string& name);
// The same of operands that must be one process's name and nothing else.
std::string one_process_fault(const std::vector<std::string>& operands);

}  // namespace jobpool::cli
