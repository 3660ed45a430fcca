// Claim, run, report; see the header.
#include "daemon/worker/loop.hpp"

#include <poll.h>
#include <unistd.h>

#include "common/clock.hpp"
#include "common/job/setup.hpp"
#include "common/job/spec.hpp"
#include "common/log.hpp"
#include "daemon/worker/command/start_error.hpp"

namespace jobpool::worker {
namespace {

// Descriptors are sent before the offer, so they are there. The patience is for a broker that died and was replaced in between.
constexpr std::chrono::milliseconds kDescriptorPatience{1000};

Attempt attempt_of(const shm::Claim& claim) { return {claim.sequence, claim.job, claim.attempt}; }

bool is_hung_up(int socket) {
  pollfd peer{socket, 0, 0};
  return ::poll(&peer, 1, 0) > 0 && (peer.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace

Loop::Loop(shm::ClaimSide& claims, Orders& orders, CommandRunner& commands, FunctionRunner& functions, int supervisor_socket)
    : claims_(claims),
      orders_(orders),
      commands_(commands),
      functions_(functions),
      supervisor_socket_(supervisor_socket),
      pid_(::getpid()) {}

int Loop::run() {
  Next next = is_hung_up(supervisor_socket_) ? Next::abandon : Next::go_on;
  while (next == Next::go_on) {
    const auto claim = claims_.try_claim();
    next = claim ? serve(*claim) : rest();
  }
  return next == Next::leave ? 0 : 1;
}

Loop::Next Loop::serve(const shm::Claim& claim) {
  if (claim.kind == shm::JobKind::command) return serve_command(claim);
  if (claim.kind == shm::JobKind::setup) return serve_setup(claim);
  return serve_function(claim);
}

Loop::Next Loop::serve_function(const shm::Claim& claim) {
  auto after = FunctionRunner::After::go_on;
  claims_.report_start(claim, {.started_usec = wall_usec(), .pid = pid_, .reserved = 0});
  const auto spec = decode_function(claim.payload);
  if (spec) {
    after = functions_.run(attempt_of(claim), *spec, report_, claims_.item());
    report_.ended_usec = wall_usec();
  } else {
    report_ = not_started(kOwnFailure, spec.error().text);
  }
  report(claim);
  return after == FunctionRunner::After::go_on ? Next::go_on : Next::leave;
}

// A worker that is not as its pool wants it runs nothing.
Loop::Next Loop::serve_setup(const shm::Claim& claim) {
  const auto setup = decode_setup(claim.payload);
  if (setup)
    functions_.set_up(claim.sequence, *setup, report_);
  else
    report_ = not_started(kOwnFailure, setup.error().text);
  report_.ended_usec = wall_usec();
  const bool well = report_.ending == Ending::returned;
  report(claim);
  return well ? Next::go_on : Next::leave;
}

Loop::Next Loop::serve_command(const shm::Claim& claim) {
  CommandRunner::Ended ended = run_command(claim);
  // While the command ran, the supervisor's death was no signal to us: ask for one that came unseen, before a report that might wait
  // for room in a ring that nobody reads any more.
  if (ended.after == CommandRunner::After::orphaned || is_hung_up(supervisor_socket_)) return Next::abandon;
  report_ = std::move(ended.report);
  report(claim);
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

void Loop::report(const shm::Claim& claim) {
  if (report_.result.size() > kMaxInlineResult) {
    claims_.report_data(claim, report_.result);
    report_.streamed = true;
  }
  encoded_.clear();
  encode_report(report_, encoded_);
  claims_.report_fin(claim, encoded_);
  // The room of usual results is kept for the next; that of a large one would stay with an idle worker.
  if (report_.result.capacity() > kMaxInlineResult) std::string().swap(report_.result);
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
