// Keeping and sending, first in, first out.
#include "daemon/supervisor/outbox.hpp"

#include <fcntl.h>

#include <vector>

namespace jobpool::supervisor {

Result<void> Outbox::put(int socket, const control::Message& message, std::span<const int> fds) {
  if (waiting_.empty()) {
    auto sent = control::send(socket, message, fds);
    if (sent) ++sent_;
    if (sent || sent.error().code != Errc::full) return sent;
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
  while (!waiting_.empty()) {
    const control::Envelope& next = waiting_.front();
    std::vector<int> fds;
    for (const UniqueFd& fd : next.fds) fds.push_back(fd.get());
    auto sent = control::send(socket, next.message, fds);
    if (!sent && sent.error().code == Errc::full) return {};
    if (!sent) return sent;
    waiting_.pop_front();
    ++sent_;
  }
  return {};
}

}  // namespace jobpool::supervisor
