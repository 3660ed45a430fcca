// What `ready` and `successful` have in common: a question about one job, answered by the exit code.
#pragma once

#include "client/cli/context.hpp"

namespace jobpool::cli {

// 0: the reply's `field` is true; 1: false. With --json the reply is printed too.
int answer_question(Context& context, Words words, Usage usage, std::string_view method, const char* field);

}  // namespace jobpool::cli
