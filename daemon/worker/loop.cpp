// Claim, run, report; see the header.
#include "daemon/worker/loop.hpp"

#include <poll.h>

#include "common/clock.hpp"
#include "common/job/spec.hpp"
#include "common/log.hpp"
#include "daemon/worker/command/start_error.hpp"
#include "daemon/worker/descriptor_room.hpp"
#include "daemon/worker/exit_guard.hpp"

namespace jobpool::worker {
namespace {

// Descriptors are sent before the offer, so they are there. The patience is for a broker that died and was replaced in between.
constexpr std::chrono::milliseconds kDescriptorPatience{1000};

bool is_hung_up(int socket) {
  pollfd peer{socket, 0, 0};
  return ::poll(&peer, 1, 0) > 0 && (peer.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace

Loop::Loop(shm::ClaimSide& claims, Orders& orders, CommandRunner& commands, FunctionRunner& functions, Threads* threads,
           int supervisor_socket)
    : claims_(claims),
      orders_(orders),
      commands_(commands),
      desk_(claims, functions),
      threads_(threads),
      supervisor_socket_(supervisor_socket) {}

int Loop::run() {
  Next next = is_hung_up(supervisor_socket_) ? Next::abandon : Next::go_on;
  while (next == Next::go_on) {
    const auto claim = claims_.try_claim();
    next = claim ? serve(*claim) : rest();
  }
  return next == Next::leave ? 0 : 1;
}

Loop::Next Loop::serve(const shm::Claim& claim) {
  // Of offers in between, which were taken back, the descriptors are closed before this one runs, perhaps for hours.
  if (claim.sequence.value != last_claimed_.value + 1) has_news();
  last_claimed_ = claim.sequence;
  // A worker that is not as its pool wants it runs nothing.
  if (claim.kind == shm::JobKind::setup) {
    const Desk::SetUp went = desk_.set_up(claim);
    guard_exit();  // an initializer makes globals
    return went == Desk::SetUp::well ? Next::go_on : Next::leave;
  }
  if (threads_ != nullptr) {
    threads_->run(claim);
    return Next::leave;
  }
  if (claim.kind == shm::JobKind::command) return serve_command(claim);
  return desk_.serve_function(claim) == FunctionRunner::After::go_on ? Next::go_on : Next::leave;
}

Loop::Next Loop::serve_command(const shm::Claim& claim) {
  CommandRunner::Ended ended = run_command(claim);
  // While the command ran, the supervisor's death was no signal to us: ask for one that came unseen, before a report that might wait
  // for room in a ring that nobody reads any more.
  if (ended.after == CommandRunner::After::orphaned || is_hung_up(supervisor_socket_)) return Next::abandon;
  const bool is_short = ended.report.ending == Ending::not_started && is_short_of_descriptors(kFdsOfCommand);
  desk_.report(claim, std::move(ended.report));
  if (is_short) return Next::leave;
  return ended.after == CommandRunner::After::go_on ? Next::go_on : Next::abandon;
}

CommandRunner::Ended Loop::run_command(const shm::Claim& claim) {
  const Result<JobSpec> spec = decode_spec(claim.payload);
  if (!spec) return {not_started(kOwnFailure, spec.error().text)};
  const auto* command = std::get_if<CommandSpec>(&*spec);
  if (command == nullptr) return {not_started(kOwnFailure, "job spec: a function was offered as a command")};
  std::vector<UniqueFd> passed;
  if ((claim.flags & shm::kHasDescriptors) != 0) {
    auto found = orders_.wait_for_descriptors(claim.sequence, kDescriptorPatience);
    if (!found) return {not_started(kOwnFailure, "the job's file descriptors did not reach the worker")};
    passed = std::move(*found);
  } else {
    orders_.take_descriptors(claim.sequence);  // of an offer that did not come about, and whose number this job got: closed here
  }
  // Taken before the spawn: a short command may have ended before this process runs again.
  return commands_.run(attempt_of(claim), *command, std::move(passed), [&, started_usec = wall_usec()](pid_t pid) {
    claims_.report_start(claim, {.started_usec = started_usec, .pid = pid, .reserved = 0});
  });
}

// Nothing is offered: does what orders ask for, and sleeps until there is news.
Loop::Next Loop::rest() {
  claims_.wait([this] { return has_news(); });
  if (is_orphaned_) return Next::abandon;
  if (!orders_.leave_asked()) return Next::go_on;
  // What was offered before the order is still done here: a job's descriptors, once sent, cannot be given to another worker.
  const auto last = claims_.try_claim();
  return last ? serve(*last) : Next::leave;
}

// Asked by wait() after it has announced the sleep: an order that is sent later rings the bell.
bool Loop::has_news() {
  const auto drained = orders_.drain();
  if (!drained) {
    log::error("{}, leaving", drained.error().text);
    is_orphaned_ = true;
  }
  orders_.close_stale([this](Sequence sequence) { return claims_.is_stale(sequence); });
  return is_orphaned_ || orders_.leave_asked();
}

}  // namespace jobpool::worker
