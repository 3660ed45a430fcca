// A gate, the threads behind it, and the wait for orders; see the header.
#include "daemon/worker/threads.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>

#include "common/eventfd.hpp"
#include "common/log.hpp"
#include "daemon/worker/command/command_runner.hpp"
#include "daemon/worker/command/start_error.hpp"
#include "daemon/worker/desk.hpp"

namespace jobpool::worker {
namespace {

// A function that ends its thread (pthread_exit) would leave a claim that nobody reports: the process ends with it, as one of a single
// thread does, and the broker judges.
class EndsWithThread {
 public:
  EndsWithThread() = default;
  EndsWithThread(const EndsWithThread&) = delete;
  EndsWithThread& operator=(const EndsWithThread&) = delete;
  ~EndsWithThread() {
    if (!is_disarmed_) {
      std::fflush(nullptr);
      ::_exit(EXIT_FAILURE);
    }
  }
  void disarm() { is_disarmed_ = true; }

 private:
  bool is_disarmed_ = false;
};

}  // namespace

Threads::~Threads() {
  open(Gate::over);  // ignored when they were let through
  for (std::thread& thread : threads_) thread.join();
}

Result<void> Threads::start() {
  ended_.reset(::eventfd(0, EFD_CLOEXEC));
  if (!ended_) return errno_error("eventfd");
  try {
    for (std::uint32_t thread = 0; thread < claims_.threads(); ++thread) threads_.emplace_back([this, thread] { live(thread); });
  } catch (const std::system_error& error) {
    return Error{Errc::io,
                 "thread " + std::to_string(threads_.size() + 1) + " of " + std::to_string(claims_.threads()) + ": " + error.what()};
  }
  return {};
}

void Threads::run(const shm::Claim& first) {
  first_ = first;
  at_work_ = static_cast<std::uint32_t>(threads_.size());
  orders_.share();
  open(Gate::open);
  for (;;) {
    pollfd news[] = {{orders_.socket(), POLLIN, 0}, {ended_.get(), POLLIN, 0}};
    ::poll(news, 2, -1);
    if (news[1].revents != 0) return;
    if (const auto drained = orders_.drain(); !drained) {
      log::error("{}, leaving", drained.error().text);
      std::exit(EXIT_FAILURE);  // whatever the threads are in: see main.cpp for what is done at it
    }
    if (orders_.leave_asked()) claims_.wake_threads();
  }
}

void Threads::open(Gate gate) {
  const std::lock_guard turn(guard_);
  if (gate_ == Gate::closed) gate_ = gate;
  gate_moved_.notify_all();
}

bool Threads::pass_gate() {
  std::unique_lock turn(guard_);
  gate_moved_.wait(turn, [this] { return gate_ != Gate::closed; });
  return gate_ == Gate::open;
}

void Threads::live(std::uint32_t thread) {
  if (!pass_gate()) return;
  EndsWithThread guard;
  work(thread);
  guard.disarm();
  const std::lock_guard turn(guard_);
  if (--at_work_ == 0) ring_eventfd(ended_.get());
}

void Threads::work(std::uint32_t thread) {
  Desk desk(claims_, functions_);
  if (thread == 0) serve(desk, *first_);
  for (;;) {
    if (const auto claim = claims_.try_claim(thread)) {
      serve(desk, *claim);
    } else if (orders_.leave_asked()) {
      // What was offered before the order is done all the same: looked for once more after the order was seen.
      const auto last = claims_.try_claim(thread);
      if (!last) return;
      serve(desk, *last);
    } else {
      claims_.wait([this] { return orders_.leave_asked(); }, thread);
    }
  }
}

void Threads::serve(Desk& desk, const shm::Claim& claim) {
  if (claim.kind != shm::JobKind::function)
    return desk.report(claim, not_started(kOwnFailure, "this worker runs functions in threads, and nothing else"));
  // The broker hears of it with the report, and offers nothing more.
  const auto after = desk.serve_function(claim, [this](FunctionRunner::After next) {
    if (next == FunctionRunner::After::leave) claims_.announce_leaving();
  });
  orders_.forget(claim.sequence);
  if (after == FunctionRunner::After::go_on) return;
  orders_.ask_to_leave();
  claims_.wake_threads();
}

}  // namespace jobpool::worker
