// Run and report; see the header.
#include "daemon/worker/desk.hpp"

#include <unistd.h>

#include <string>
#include <utility>

#include "common/clock.hpp"
#include "common/job/setup.hpp"
#include "common/job/spec.hpp"
#include "daemon/worker/command/command_runner.hpp"
#include "daemon/worker/command/start_error.hpp"
#include "daemon/worker/function/own_term.hpp"

namespace jobpool::worker {

Attempt attempt_of(const shm::Claim& claim) { return {claim.sequence, claim.job, claim.attempt}; }

Desk::Desk(shm::ClaimSide& claims, FunctionRunner& functions) : claims_(claims), functions_(functions), pid_(::getpid()) {}

FunctionRunner::After Desk::serve_function(const shm::Claim& claim, BeforeReport before_report) {
  auto after = FunctionRunner::After::go_on;
  const auto spec = decode_function(claim.payload);
  if (spec) {
    const OwnTerm term(spec->pool);  // before it is said that it runs: the broker sends none before
    claims_.report_start(claim, {.started_usec = wall_usec(), .pid = pid_, .reserved = 0});
    after = functions_.run(attempt_of(claim), *spec, report_, claims_.item(claim));
    report_.ended_usec = wall_usec();
  } else {
    claims_.report_start(claim, {.started_usec = wall_usec(), .pid = pid_, .reserved = 0});
    report_ = not_started(kOwnFailure, spec.error().text);
  }
  before_report(after);
  send(claim);
  return after;
}

Desk::SetUp Desk::set_up(const shm::Claim& claim) {
  const auto setup = decode_setup(claim.payload);
  if (setup)
    functions_.set_up(claim.sequence, *setup, report_);
  else
    report_ = not_started(kOwnFailure, setup.error().text);
  report_.ended_usec = wall_usec();
  const SetUp went = report_.ending == Ending::returned ? SetUp::well : SetUp::failed;
  send(claim);
  return went;
}

void Desk::report(const shm::Claim& claim, Report report) {
  report_ = std::move(report);
  send(claim);
}

void Desk::send(const shm::Claim& claim) {
  const std::string_view result = report_.result_in_place.empty() ? report_.result : report_.result_in_place;
  if (result.size() > kMaxInlineResult) {
    claims_.report_data(claim, result);
    report_.streamed = true;
  }
  encoded_.clear();
  encode_report(report_, encoded_);
  claims_.report_fin(claim, encoded_);
  // The room of usual results is kept for the next; that of a large one would stay with an idle worker.
  if (report_.result.capacity() > kMaxInlineResult) std::string().swap(report_.result);
}

}  // namespace jobpool::worker
