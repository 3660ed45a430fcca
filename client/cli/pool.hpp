// The verbs behind `jobpool pool`, one file each; close, terminate and join stand alone as well. What they share.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "client/cli/context.hpp"

namespace jobpool::cli {

int run_pool_create(Context& context, Words words);
int run_pool_list(Context& context, Words words);
int run_pool_show(Context& context, Words words);
int run_pool_resize(Context& context, Words words);
int run_pool_pause(Context& context, Words words);
int run_pool_resume(Context& context, Words words);
int run_pool_delete(Context& context, Words words);

// What is wrong with it as a pool's name, ready for misused(); empty: nothing.
std::string pool_name_fault(std::string_view name);
// Declares --pool NAME.
void declare_pool(Options& options, std::string_view placeholder, std::string_view help, std::string& pool);

// Says `method` to the one pool that the operands name, "default" when they name none. The exit code.
int tell_pool(Context& context, const Options& options, const Options::Parsed& parsed, std::string_view method);

}  // namespace jobpool::cli
