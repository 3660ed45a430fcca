// `jobpool __complete WORD…`, which the completions of bash, zsh and fish ask (client/completion): what can stand where the last of the
// words is? One answer a line, "VALUE\tDESCRIPTION", and last a line that begins with a colon: what else the shell is to offer.
//   :none   nothing        :files, :directories   names there are        :commands   programs
// So that all shells offer the same, and what this very program takes. It never starts a daemon, and waits no longer than two seconds for
// one.
#pragma once

#include <string_view>

#include "client/cli/context.hpp"

namespace jobpool::cli {

inline constexpr std::string_view kCompleteVerb = "__complete";

int run_complete(Context& context, Words words);

}  // namespace jobpool::cli
