// See daemonic_start.hpp.
#include "client/lib/daemonic_start.hpp"

#include <sys/eventfd.h>

#include "client/lib/start_thread.hpp"
#include "common/eventfd.hpp"

namespace jobpool::client {

DaemonicStart::DaemonicStart(std::shared_ptr<Connections> connections, const proto::ProcessStartRequest& request)
    : connections_(std::move(connections)),
      call_(*connections_, proto::write_call("org.jobpool.Process.Start", proto::write_process_start(request), proto::CallMode::more),
            Resend::same_instance),
      over_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

DaemonicStart::~DaemonicStart() {
  if (!thread_.joinable()) return;
  ring_eventfd(over_.get());
  thread_.join();
}

Result<Reply> DaemonicStart::answer() {
  if (!over_) return errno_error("eventfd");
  return call_.finish(kNever);
}

Result<void> DaemonicStart::hold() {
  Result<std::thread> started = start_thread([this] { hold_until(over_.get()); });
  if (!started) return started.error();
  thread_ = std::move(*started);
  return {};
}

bool DaemonicStart::hold_until(int other) {
  for (;;) {
    pollfd end{other, POLLIN, 0};
    const Result<std::optional<Reply>> reply = call_.next(kNever, {&end, 1});
    if (!reply) return true;
    if (*reply && !(*reply)->continues) return true;
    if (!*reply && end.revents != 0) return false;
  }
}

}  // namespace jobpool::client
