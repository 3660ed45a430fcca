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
#include "client/lib/start_thread.hpp"
#include "common/eventfd.hpp"
#include "common/unique_fd.hpp"
#include "jobpool/async_result.hpp"

namespace jobpool {

class client::EndWaiter {
 public:
  EndWaiter(std::shared_ptr<Connections> connections, JobId id, std::function<void()> call)
      : state_(std::make_shared<State>(
            State{std::move(connections), id, std::move(call), UniqueFd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}})) {
    if (!state_->given_up) raise(errno_error("eventfd"));
    thread_ = value_or_raise(start_thread([state = state_] { serve(*state); }));
  }
  ~EndWaiter() {
    ring_eventfd(state_->given_up.get());
    wait();
    if (thread_.joinable()) thread_.detach();
  }
  // Not by the callback for itself: it goes on, and its state with it.
  void wait() {
    if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) thread_.join();
  }

 private:
  struct State {
    std::shared_ptr<Connections> connections;
    JobId id;
    std::function<void()> call;
    UniqueFd given_up;
  };

  // The end, or whatever keeps us from seeing it: the callback asks for the result, and is told which.
  static void serve(const State& state) {
    RecoveringCall call(*state.connections, proto::write_call("org.jobpool.Job.Wait", proto::write_wait({{state.id}, std::nullopt})),
                        Resend::always);
    pollfd given_up{state.given_up.get(), POLLIN, 0};
    const auto reply = call.next(kNever, {&given_up, 1});
    if (reply && !*reply) return;
    state.call();
  }

  const std::shared_ptr<const State> state_;  // the thread's as well: a callback may drop its own watch
  std::thread thread_;
};

EndWatch::EndWatch(std::unique_ptr<client::EndWaiter> waiter) : waiter_(std::move(waiter)) {}
EndWatch::EndWatch(EndWatch&&) noexcept = default;
EndWatch& EndWatch::operator=(EndWatch&&) noexcept = default;
EndWatch::~EndWatch() = default;

void EndWatch::wait() {
  if (waiter_ != nullptr) waiter_->wait();
}

EndWatch AsyncResult::when_ended(std::function<void(const AsyncResult&)> call) const {
  return EndWatch{
      std::make_unique<client::EndWaiter>(connections_, JobId{id_}, [result = *this, call = std::move(call)] { call(result); })};
}

}  // namespace jobpool
