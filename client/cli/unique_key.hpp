// --unique KEY, of the verbs that submit: under one key there is one job.
#pragma once

#include <string>
#include <string_view>

#include "client/cli/options.hpp"

namespace jobpool::cli {

// A key that the protocol cannot carry as it is, is a usage error: another one would be taken for it.
void declare_unique(Options& options, std::string_view help, std::string& key);

}  // namespace jobpool::cli
