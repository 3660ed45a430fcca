// Keeping and sending, first in, first out.
#include "daemon/supervisor/outbox.hpp"

#include <fcntl.h>

#include <vector>

namespace jobpool::supervisor {
namespace {

// By the kernel, not for want of room (send_message).
bool is_refusal(const Result<void>& sent) { return !sent && sent.error().code == Errc::io; }

bool is_to_be_kept(const Error& error) { return error.code == Errc::full || error.code == Errc::io; }

}  // namespace

Result<void> Outbox::put(int socket, const control::Message& message, std::span<const int> fds) {
  if (waiting_.empty()) {
    auto sent = control::send(socket, message, fds);
    if (sent) ++sent_;
    was_refused_ = is_refusal(sent);
    if (sent || !is_to_be_kept(sent.error())) return sent;
  }
  if (waiting_.size() >= kMaxWaiting) return Error{Errc::full, "the broker reads nothing any more"};
  control::Envelope kept{message, {}};
  for (const int fd : fds) {
    // The originals may be closed before their turn comes.
    kept.fds.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!kept.fds.back()) return errno_error("keeping a message's descriptors");
  }
  waiting_.push_back(std::move(kept));
  return {};
}

Result<void> Outbox::flush(int socket) {
  was_refused_ = false;
  while (!waiting_.empty()) {
    const control::Envelope& next = waiting_.front();
    std::vector<int> fds;
    for (const UniqueFd& fd : next.fds) fds.push_back(fd.get());
    auto sent = control::send(socket, next.message, fds);
    was_refused_ = is_refusal(sent);
    if (!sent) return is_to_be_kept(sent.error()) ? Result<void>{} : sent;
    waiting_.pop_front();
    ++sent_;
  }
  return {};
}

}  // namespace jobpool::supervisor
