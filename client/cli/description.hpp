// What verbs say of themselves, without running them: the source of the manual, and of what shells complete.
#pragma once

#include "client/cli/options.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {

VerbText describe(const Verb& verb);
// The options that stand before the verb.
VerbText describe_program();

}  // namespace jobpool::cli
