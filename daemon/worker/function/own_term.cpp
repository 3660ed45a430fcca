// See own_term.hpp.
#include "daemon/worker/function/own_term.hpp"

#include "proto/process_messages.hpp"

namespace jobpool::worker {

OwnTerm::OwnTerm(std::string_view pool) : is_taken_(pool == proto::kProcessPool) {
  if (!is_taken_) return;
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGTERM, &action, &before_);
}

// A handler that the function has left would not be wanted by the worker.
OwnTerm::~OwnTerm() {
  if (is_taken_) ::sigaction(SIGTERM, &before_, nullptr);
}

}  // namespace jobpool::worker
