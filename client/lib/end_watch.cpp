// The thread behind an EndWatch.
#include "jobpool/end_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "client/lib/raise.hpp"
#include "client/lib/recovering_call.hpp"
#include "common/eventfd.hpp"
#include "common/unique_fd.hpp"
#include "jobpool/async_result.hpp"

namespace jobpool {

class client::EndWaiter {
 public:
  EndWaiter(std::shared_ptr<Connections> connections, JobId id, std::function<void()> call)
      : connections_(std::move(connections)),
        id_(id),
        call_(std::move(call)),
        given_up_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        thread_([this] { serve(); }) {}
  ~EndWaiter() {
    ring_eventfd(given_up_.get());
    wait();
  }
  void wait() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  // The end, or whatever keeps us from seeing it: the callback asks for the result, and is told which.
  void serve() {
    RecoveringCall call(*connections_, proto::write_call("org.jobpool.Job.Wait", proto::write_wait({{id_}, std::nullopt})), Resend::always);
    pollfd given_up{given_up_.get(), POLLIN, 0};
    const auto reply = call.next(kNever, {&given_up, 1});
    if (reply && !*reply) return;
    call_();
  }

  const std::shared_ptr<Connections> connections_;
  const JobId id_;
  const std::function<void()> call_;
  const UniqueFd given_up_;
  std::thread thread_;
};

EndWatch::EndWatch(std::unique_ptr<client::EndWaiter> waiter) : waiter_(std::move(waiter)) {}
EndWatch::EndWatch(EndWatch&&) noexcept = default;
EndWatch& EndWatch::operator=(EndWatch&&) noexcept = default;
EndWatch::~EndWatch() = default;

void EndWatch::wait() { waiter_->wait(); }

EndWatch AsyncResult::when_ended(std::function<void(const AsyncResult&)> call) const {
  return EndWatch{
      std::make_unique<client::EndWaiter>(connections_, JobId{id_}, [result = *this, call = std::move(call)] { call(result); })};
}

}  // namespace jobpool
