// See queue_wait.hpp.
#include "client/cli/queue_wait.hpp"

#include "client/lib/calling_job.hpp"
#include "client/lib/key.hpp"

namespace jobpool::cli {

void QueueWaitOptions::declare(Options& options, std::string_view over) {
  const bool is_put = over == "full";
  options.flag("--no-wait", is_put ? "exit with 75 at once when it is full" : "exit with 75 at once when it is empty", no_wait_);
  options.duration("--timeout", "T", is_put ? "exit with 75 when there is no room within T" : "exit with 75 when nothing comes within T",
                   timeout_);
}

Result<proto::QueueWait> QueueWaitOptions::build() const {
  if (no_wait_ && timeout_) return Error{Errc::invalid_argument, "--no-wait and --timeout exclude each other"};
  return proto::QueueWait{!no_wait_, timeout_, client::make_key(), client::calling_job()};
}

}  // namespace jobpool::cli
