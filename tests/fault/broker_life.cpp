// The broker of the kill tests, in the test's own process or in a forked one. What is wrong it writes into the ledger.
#include "tests/fault/broker_life.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>

namespace jobpool::fault {

using shm::Frame;
using shm::FrameType;
using shm::InFlight;
using shm::SlotState;

void BrokerLife::take(shm::OfferSide side, int doorbell) {
  side_ = std::move(side);
  doorbell_ = doorbell;
  inherited_ = false;
  streamed_.clear();
}

void BrokerLife::take_over(shm::OfferSide side, int doorbell) {
  take(std::move(side), doorbell);
  inherited_ = true;
  drain_and_record();
  for (const InFlight& slot : side_->in_flight()) {
    const bool ended = ledger_.job(slot.job.value).ending != Ending::none;
    if (ended || slot.state == SlotState::revoked) side_->release(slot.sequence);
  }
  rebuild_backlog();
}

// Accepted, not ended, not in flight: never started, or its word would be CLAIMED.
void BrokerLife::rebuild_backlog() {
  const auto slots = side_->in_flight();
  backlog_.clear();
  while (ledger_->settled < ledger_->accepted && ledger_.job(ledger_->settled + 1).ending != Ending::none) ledger_->settled += 1;
  for (std::uint64_t id = ledger_->settled + 1; id <= ledger_->accepted; ++id) {
    const bool flies = std::any_of(slots.begin(), slots.end(), [&](const InFlight& slot) { return slot.job.value == id; });
    if (!flies && ledger_.job(id).ending == Ending::none) backlog_.push_back(id);
  }
}

void BrokerLife::turn() {
  drain_and_record();
  ++turns_;
  if (random_() % 32 == 0) revoke_some();
  offer_some();
  if (turns_ % 64 != 0) return;
  const auto audited = side_->audit();
  ledger_.expect(static_cast<bool>(audited), "the audit condemned a sane worker", 0);
  if (audited) ledger_.expect(*audited == 0, "a sleeper had to be rescued", 0);
}

void BrokerLife::sleep(std::chrono::microseconds limit) {
  if (side_->prepare_to_sleep()) {
    pollfd waited{doorbell_, POLLIN, 0};
    const timespec time{limit.count() / 1'000'000, limit.count() % 1'000'000 * 1000};
    ::ppoll(&waited, 1, &time, nullptr);
    std::uint64_t count;
    [[maybe_unused]] const ssize_t drained = ::read(doorbell_, &count, sizeof count);
  }
  side_->wake_up();
}

void BrokerLife::drain_and_record() {
  std::vector<Sequence> finished;
  const auto drained = side_->drain([&](const Frame& frame) {
    const std::uint64_t id = frame.job.value;
    if (frame.type == FrameType::data) streamed_[id] += frame.body.size() - sizeof(shm::DataHeader);
    if (frame.type != FrameType::fin) return;
    const std::string result(reinterpret_cast<const char*>(frame.body.data()), frame.body.size());
    ledger_.expect(result == result_of(id), "result is not what was reported", id);
    if (!inherited_) ledger_.expect(streamed_[id] == streamed_length(id), "streamed result has another length", id);
    streamed_.erase(id);
    finished.push_back(frame.sequence);
    if (inherited_ && ledger_.job(id).ending == Ending::reported) {
      ledger_->repeated += 1;
    } else {
      record(id, Ending::reported);
    }
  });
  ledger_.expect(static_cast<bool>(drained), "the ring of a sane worker was refused", 0);
  side_->acknowledge();
  for (const Sequence sequence : finished) side_->release(sequence);
}

void BrokerLife::record(std::uint64_t job, Ending ending) {
  ledger_.expect(ledger_.job(job).ending.exchange(ending) == Ending::none, "second ending", job);
  figures_.reported += ending == Ending::reported;
  figures_.interrupted += ending == Ending::interrupted;
  figures_.cancelled += ending == Ending::cancelled;
}

void BrokerLife::revoke_some() {
  bool any = false;
  for (const InFlight& slot : side_->in_flight()) {
    if (random_() % 4 != 0 || !side_->revoke(slot.sequence)) continue;
    any = true;
    ++figures_.revoked;
    ledger_.expect(ledger_.job(slot.job.value).starts == 0, "a revoked job had started", slot.job.value);
    if (random_() % 4 == 0) {
      record(slot.job.value, Ending::cancelled);
    } else {
      backlog_.push_front(slot.job.value);
    }
    side_->release(slot.sequence);
  }
  if (any) side_->ring();
}

void BrokerLife::offer_some() {
  const std::size_t depth = 1 + random_() % shm::kSlots;
  bool any = false;
  while (side_->in_flight_count() < depth) {
    if (backlog_.empty()) {
      if (ledger_->closing || ledger_->accepted == LedgerPage::kMaxJobs) break;
      backlog_.push_back(ledger_->accepted += 1);
    }
    const std::uint64_t id = backlog_.front();
    const std::string payload = payload_of(id);
    if (!side_->offer(shm::Offer{.job = JobId{id}, .kind = shm::JobKind::function, .payload = payload})) break;
    backlog_.pop_front();
    any = true;
  }
  if (any) side_->ring();
}

void BrokerLife::bury() {
  drain_and_record();
  const auto slots = side_->in_flight();
  for (auto slot = slots.rbegin(); slot != slots.rend(); ++slot) {
    const std::uint64_t id = slot->job.value;
    const JobRecord& job = ledger_.job(id);
    if (job.ending != Ending::none) continue;  // acknowledged by a dead broker, or cancelled, and not released
    if (side_->revoke(slot->sequence)) {
      ledger_.expect(job.starts == 0, "a job went back to the queue although it had started", id);
      side_->release(slot->sequence);  // should this broker die too, its successor does not find it here once it is offered elsewhere
      backlog_.push_front(id);
      ++figures_.requeued_by_death;
    } else {
      ledger_.expect(job.fin_returned == 0, "a committed result was lost", id);
      record(id, Ending::interrupted);
    }
  }
}

}  // namespace jobpool::fault
