// A whole copy: the walk and the callers in threads of their own, what they finish shown as it comes, links and folders at the end, and
// the interrupt in between.
#pragma once

#include <string>

#include "client/cli/copy/display.hpp"
#include "client/cli/copy/place.hpp"
#include "client/lib/connections.hpp"

namespace jobpool::cli {

inline constexpr int kExitNotAllCopied = 1;

struct CopyOptions {
  bool verify = false, sync = false;
  NamesShown names = NamesShown::none;
  std::string pool;
  std::size_t slots = 0;  // jobs at once
};

// Requires: both folders of `places` are open. Gives the exit code; everything is told.
int run_copy_job(client::Connections& connections, const CopyPlaces& places, const CopyOptions& options);

}  // namespace jobpool::cli
