// See sim_worker.hpp.
#include "tests/simulation/sim_worker.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <utility>

#include "common/control/order.hpp"
#include "common/job/report.hpp"
#include "tests/simulation/violation.hpp"

namespace jobpool::simulation {
namespace {

UniqueFd copy_of(const UniqueFd& fd) { return UniqueFd{::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3)}; }

pid_t own_pid() {
  static const pid_t pid = ::getpid();
  return pid;
}

std::uint32_t work_of(std::string_view payload) {
  std::uint32_t number = 0;
  std::from_chars(payload.data(), payload.data() + payload.size(), number);
  return number;
}

template <class T>
shm::Region<T> borrowed(const shm::Region<T>& region) {
  return shm::Region<T>::borrow(*region);
}

// To map the memory anew for each life of a broker and each worker cost more than all that was done in it.
template <class Mapping>
Mapping borrowed(const Mapping& all) {
  return {borrowed(all.control), borrowed(all.to_worker), borrowed(all.from_worker), borrowed(all.payload)};
}

shm::ClaimSide worker_end(SegmentMemory& segment) {
  return *shm::ClaimSide::over(borrowed(segment.worker_side), copy_of(segment.fds.eventfd));
}

}  // namespace

SimWorker::SimWorker(Incarnation incarnation, WorkerNumber number, PoolNumber pool, SegmentMemory& segment)
    : incarnation_(incarnation), number_(number), pool_(pool), segment_(&segment), side_(worker_end(segment)) {}

broker::WorkerSeed SimWorker::seed(shm::OfferSide::Origin origin) const {
  return {.incarnation = incarnation_,
          .number = number_,
          .pool = pool_,
          .pid = own_pid(),
          .side = shm::OfferSide::over(borrowed(segment_->broker_side), origin),
          .eventfd = {},  // for the server's loop alone
          .orders = copy_of(segment_->broker_orders)};
}

std::vector<JobId> SimWorker::begun_jobs() const {
  std::vector<JobId> all;
  for (const Busy& busy : busy_)
    if (busy.begun) all.push_back(busy.claim.job);
  return all;
}

bool SimWorker::act(Choices& choices, Oracle& oracle, std::int64_t wall_usec) {
  if (!alive_ || hangs) return false;
  if (setup_) {
    finish_setup(choices, oracle, wall_usec);
    return true;
  }
  const bool has_free_thread = busy_.size() < side_->threads();
  if (has_free_thread && (busy_.empty() || choices.one_in(2))) {
    if (claim_next(oracle)) return true;
    if (busy_.empty()) return false;
  }
  go_on(busy_[choices.below(busy_.size())], choices, oracle, wall_usec);
  return true;
}

void SimWorker::go_on(Busy& busy, Choices& choices, Oracle& oracle, std::int64_t wall_usec) {
  // START may also be skipped: FIN says all that it says.
  if (busy.begun || choices.one_in(8)) return finish(busy, choices, oracle, wall_usec);
  busy.begun = true;
  side_->report_start(busy.claim, {.started_usec = wall_usec, .pid = 4711, .reserved = 0});
}

std::uint32_t SimWorker::free_thread() const {
  std::uint32_t thread = 0;
  while (std::ranges::find(busy_, thread, &Busy::thread) != busy_.end()) ++thread;
  return thread;
}

// One that is to leave does so when none of its threads has anything to do.
bool SimWorker::claim_next(Oracle& oracle) {
  const std::uint32_t thread = free_thread();
  if (const auto claim = side_->try_claim(thread)) {
    if (claim->kind == shm::JobKind::setup) {
      setup_ = claim;
      oracle.worker_is_set_up(incarnation_);
      return true;
    }
    busy_.push_back({thread, *claim});
    oracle.worker_claimed({incarnation_, pool_, side_->threads()}, claim->job, claim->attempt, work_of(claim->payload));
    return true;
  }
  hear_orders();
  if (is_dismissed && busy_.empty()) leave(oracle);
  return false;
}

// One that fails is the worker's last deed.
void SimWorker::finish_setup(Choices& choices, Oracle& oracle, std::int64_t wall_usec) {
  Report report;
  report.ended_usec = wall_usec;
  const bool fails = choices.one_in(4);
  report.ending = fails ? Ending::threw : Ending::returned;
  if (fails) report.error_type = "Failed";
  std::vector<std::byte> bytes;
  encode_report(report, bytes);
  side_->report_fin(*setup_, bytes);
  setup_.reset();
  if (fails) leave(oracle);
}

void SimWorker::leave(Oracle& oracle) {
  left_ = true;
  die(oracle);
}

// A function does not hear of its stop.
void SimWorker::hear_orders() {
  if (!std::exchange(segment_->may_have_orders, false)) return;
  while (auto heard = control::receive_order(segment_->worker_orders.get())) {
    if (heard->order.kind == control::OrderKind::leave) is_dismissed = true;
    if (heard->order.kind == control::OrderKind::stop)
      for (Busy& busy : busy_)
        if (busy.claim.kind == shm::JobKind::command && heard->order.sequence == busy.claim.sequence) busy.told_to_stop = true;
  }
}

void SimWorker::finish(Busy& busy, Choices& choices, Oracle& oracle, std::int64_t wall_usec) {
  hear_orders();
  const shm::Claim claim = busy.claim;
  const bool told_to_stop = busy.told_to_stop;
  const bool is_command = claim.kind == shm::JobKind::command;
  Report report;
  report.ended_usec = wall_usec;
  Start::End end = choices.one_in(4) ? Start::End::badly : Start::End::well;
  if (is_command && (told_to_stop || choices.one_in(8))) end = Start::End::signalled;
  switch (end) {
    case Start::End::well:
      report.ending = is_command ? Ending::exited : Ending::returned;
      if (!is_command) report.result = fmt::format("\"{} by {}\"", claim.attempt, incarnation_.value);
      break;
    case Start::End::badly:
      report.ending = is_command ? Ending::exited : Ending::threw;
      report.code = 1;
      break;
    default:
      report.ending = Ending::signalled;
      report.code = SIGTERM;
  }
  report.stopped = told_to_stop;
  const std::string result = report.result;
  if (!result.empty() && choices.one_in(8)) {
    side_->report_data(claim, result);
    report.streamed = true;
    report.result.clear();
  }
  std::vector<std::byte> bytes;
  encode_report(report, bytes);
  // One of threads that has had enough says so ahead of the report, and goes when the others are done.
  if (side_->threads() > 1 && choices.one_in(16)) {
    side_->announce_leaving();
    is_dismissed = true;
  }
  side_->report_fin(claim, bytes);
  oracle.worker_finished(incarnation_, claim.job, end, told_to_stop ? Oracle::Stopped::yes : Oracle::Stopped::no, result);
  std::erase_if(busy_, [&](const Busy& one) { return one.claim.sequence == claim.sequence; });
}

void SimWorker::die(Oracle& oracle) {
  alive_ = false;
  oracle.worker_died(incarnation_);
  busy_.clear();
  setup_.reset();
}

void SimWorker::look_at_offer() {
  for (std::size_t i = 0; i < shm::kSlots && !seen_; ++i)
    if (const std::uint64_t word = segment_->worker_side.control->word[i];
        shm::state_of(word) == shm::SlotState::offered && segment_->worker_side.to_worker->desc[i].kind != shm::JobKind::setup)
      seen_ = {word, segment_->worker_side.to_worker->desc[i]};
}

void SimWorker::run_what_was_seen(Oracle& oracle) {
  if (!seen_ || !alive_ || !busy_.empty() || setup_) return;
  const auto [word, desc] = *std::exchange(seen_, std::nullopt);
  for (const auto& now : segment_->worker_side.control->word)
    if (now == word || now == shm::pack(shm::sequence_of(word), shm::SlotState::claimed)) return;
  const auto& payload = segment_->worker_side.payload->bytes;
  oracle.worker_claimed({incarnation_, pool_, side_->threads()}, JobId{desc.job_id}, desc.attempt,
                        work_of({reinterpret_cast<const char*>(payload) + desc.payload_offset, desc.payload_length}));
}

}  // namespace jobpool::simulation
