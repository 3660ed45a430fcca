// A broker is killed after every single instruction of offer, revoke, drain, acknowledge and release, and another one takes over.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <set>
#include <vector>

#include "common/function_ref.hpp"
#include "common/shm/mapping.hpp"
#include "common/shm/offer_side.hpp"
#include "tests/fault/stepper.hpp"
#include "tests/fault/worker_life.hpp"
#include "tests/support/catch.hpp"

namespace jobpool::fault {
namespace {

using shm::Frame;
using shm::FrameType;
using shm::InFlight;
using shm::SlotState;
using Origin = shm::OfferSide::Origin;

constexpr std::uint64_t kJobs = 4;

std::string_view request(std::uint64_t job) {
  static constexpr std::array<std::string_view, kJobs + 1> kRequests{"", "one", "two, which runs for long", "three", "four"};
  return kRequests[job];
}

Sequence offer(shm::OfferSide& side, std::uint64_t job) {
  const auto made = side.offer(shm::Offer{.job = JobId{job}, .kind = shm::JobKind::function, .payload = request(job)});
  if (!made) std::abort();
  return *made;
}

// The broker's store is the ledger: an ending is recorded before rpos moves.
void record_reports(shm::OfferSide& side, const Ledger& ledger) {
  std::array<Sequence, shm::kSlots> finished;
  std::size_t count = 0;
  const auto drained = side.drain([&](const Frame& frame) {
    if (frame.type != FrameType::fin) return;
    finished[count++] = frame.sequence;
    ledger->repeated += ledger.job(frame.job.value).ending.exchange(Ending::reported) == Ending::reported;
  });
  ledger.expect(static_cast<bool>(drained), "the ring of a sane worker was refused", 0);
  side.acknowledge();
  for (std::size_t i = 0; i < count; ++i) side.release(finished[i]);
}

// The broker that dies. At the second mark the worker (in the test's process) claims jobs 1 and 2 and reports 1.
void first_broker(shm::OfferSide& side, const Ledger& ledger, function_ref<void()> mark) {
  mark();
  offer(side, 1);
  const Sequence second = offer(side, 2);
  const Sequence third = offer(side, 3);
  side.ring();
  if (!side.revoke(third)) std::abort();
  ledger.job(3).ending = Ending::cancelled;
  side.release(third);
  side.ring();
  mark();
  if (side.prepare_to_sleep()) std::abort();
  record_reports(side, ledger);
  const Sequence fourth = offer(side, 4);
  side.ring();
  if (side.revoke(second)) std::abort();
  if (!side.revoke(fourth)) std::abort();
  side.release(fourth);
  offer(side, 4);
  side.ring();
  if (!side.audit()) std::abort();
  if (!side.prepare_to_sleep()) std::abort();
  side.wake_up();
  mark();
}

// The worker, which lives through all of it in the test's own process.
class Worker {
 public:
  Worker(shm::ClaimSide side, const Ledger& ledger) : side_(std::move(side)), ledger_(ledger) {}

  void start_one() {
    if (running_) return;
    running_ = side_.try_claim();
    if (!running_) return;
    REQUIRE(sequences_.insert(running_->sequence.value).second);
    ledger_.job(running_->job.value).starts.fetch_add(1);
    side_.report_start(*running_, shm::StartBody{.started_usec = 1, .pid = 4711, .reserved = 0});
  }
  void finish_one() {
    if (!running_) return;
    REQUIRE(running_->payload == request(running_->job.value));  // nobody wrote over it meanwhile
    ledger_.job(running_->job.value).fin_begun.fetch_add(1);
    side_.report_data(*running_, "streamed");
    side_.report_fin(*running_, std::as_bytes(std::span(running_->payload)));
    running_.reset();
  }

 private:
  shm::ClaimSide side_;
  const Ledger& ledger_;
  std::optional<shm::Claim> running_;
  std::set<std::uint64_t> sequences_;
};

// Once through without stops, so that the dynamic linker has nothing left to do when it is stepped: what it has found children inherit.
void rehearse() {
  const shm::SegmentFds fds = *shm::create_segment();
  const Ledger ledger;
  auto side = *shm::OfferSide::map(fds, Origin::fresh);
  Worker worker(*shm::ClaimSide::map(*shm::reopen_for_worker(fds)), ledger);
  const auto control = *shm::Region<shm::Control>::map(fds.control, "control");
  int marks = 0;
  first_broker(side, ledger, [&] {
    control->sleeping = 1;
    if (++marks != 2) return;
    worker.start_one();
    worker.finish_one();
    worker.start_one();
  });
}

void take_over(shm::OfferSide& side, const Ledger& ledger) {
  record_reports(side, ledger);
  for (const InFlight& slot : side.in_flight()) {
    const bool ended = ledger.job(slot.job.value).ending != Ending::none;
    if (ended || slot.state == SlotState::revoked) side.release(slot.sequence);
  }
  const auto slots = side.in_flight();
  for (std::uint64_t job = 1; job <= kJobs; ++job) {
    const bool flies = std::any_of(slots.begin(), slots.end(), [&](const InFlight& slot) { return slot.job.value == job; });
    if (!flies && ledger.job(job).ending == Ending::none) offer(side, job);
  }
  side.ring();
}

enum class Phase { offering, collecting };
enum class Meanwhile { worker_waits, worker_goes_on };

// A broker at the mark where its phase begins, and the worker beside it.
struct House {
  shm::SegmentFds fds = create_mapped_once();
  Ledger ledger;
  Worker worker{*shm::ClaimSide::map(*shm::reopen_for_worker(fds)), ledger};
  shm::Region<shm::Control> control = *shm::Region<shm::Control>::map(fds.control, "control");
  Stepper broker{[this] { live(); }};

  explicit House(Phase phase) {
    ledger->accepted = kJobs;
    if (phase == Phase::offering) return;
    broker.run_to_mark();
    worker.start_one();
    worker.finish_one();
    worker.start_one();
  }

  void live() {
    auto side = *shm::OfferSide::map(fds, Origin::inherited);
    control->sleeping = 1;  // as if the worker slept, so that the bell is really rung
    first_broker(side, ledger, Stepper::mark);
  }

  static shm::SegmentFds create_mapped_once() {
    shm::SegmentFds fds = *shm::create_segment();
    REQUIRE(shm::OfferSide::map(fds, Origin::fresh));  // writes the layout version, which the worker looks for
    return fds;
  }
};

// The broker is dead: another one takes over, and everything comes to its end.
void succeed(House& house, Meanwhile meanwhile) {
  house.control->sleeping = 0;
  if (meanwhile == Meanwhile::worker_goes_on) {
    for (int turn = 0; turn < 2; ++turn) {
      house.worker.finish_one();
      house.worker.start_one();
    }
  }
  auto successor = shm::OfferSide::map(house.fds, Origin::inherited);
  INFO((successor ? std::string() : successor.error().text));
  REQUIRE(successor);
  take_over(*successor, house.ledger);
  for (std::uint64_t turn = 0; turn <= kJobs; ++turn) {
    house.worker.finish_one();
    house.worker.start_one();
    record_reports(*successor, house.ledger);
    REQUIRE(successor->audit());
  }
  INFO(house.ledger.first_broken());
  REQUIRE(house.ledger->broken == 0);
  REQUIRE(successor->in_flight_count() == 0);
  REQUIRE(house.ledger.count_misfits() == 0);
}

}  // namespace

TEST_CASE("a broker killed after any instruction is succeeded by one that brings every job to its one end") {
  const Phase phase = GENERATE(Phase::offering, Phase::collecting);
  const Meanwhile meanwhile = GENERATE(Meanwhile::worker_waits, Meanwhile::worker_goes_on);
  const auto [begin, stride] = sweep();
  INFO("from instruction " << begin << " on");
  rehearse();
  const std::vector<Place> way = House(phase).broker.trace();
  std::uint64_t repeated = 0, cancelled = 0;
  for (std::size_t i = begin; i < way.size(); i += stride) {
    House house(phase);
    house.broker.run_to(way[i]);
    house.broker.kill();
    succeed(house, meanwhile);
    repeated += house.ledger->repeated;
    cancelled += house.ledger.job(3).ending == Ending::cancelled;
  }
  std::cout << "broker killed at every " << stride << ". of " << way.size() << " instructions while "
            << (phase == Phase::offering ? "offering" : "collecting") << ", its worker "
            << (meanwhile == Meanwhile::worker_waits ? "waiting" : "going on") << ": " << repeated << " reports came twice, " << cancelled
            << " cancels were recorded\n";
  CHECK(cancelled > 0);
  if (phase == Phase::collecting) CHECK(repeated > 0);
}

}  // namespace jobpool::fault
