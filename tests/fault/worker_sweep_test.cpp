// A worker is killed after every single instruction of a cycle: wait, claim, run, START, DATA, FIN, doorbell.
#include <unistd.h>

#include <array>
#include <iostream>
#include <map>
#include <optional>
#include <vector>

#include "common/shm/mapping.hpp"
#include "common/shm/offer_side.hpp"
#include "tests/fault/stepper.hpp"
#include "tests/fault/worker_life.hpp"
#include "tests/support/catch.hpp"

namespace jobpool::fault {
namespace {

using shm::Frame;
using shm::FrameType;
using Origin = shm::OfferSide::Origin;

constexpr std::uint64_t kJob = 4;      // its request is four bytes
constexpr std::uint64_t kNextJob = 5;  // offered behind it, and never reached

// In the order in which they may follow each other as the kill comes later.
enum class Fate { never_started, interrupted, reported };

void one_cycle(shm::ClaimSide& side, const Ledger& ledger) {
  side.wait();  // something is offered: announces, looks again, stays awake
  const auto claim = side.try_claim();
  JobRecord& job = ledger.job(claim->job.value);
  job.starts.fetch_add(1);
  side.report_start(*claim, shm::StartBody{.started_usec = 1, .pid = 4711, .reserved = 0});
  side.report_data(*claim, "streamed before the end");
  job.fin_begun.fetch_add(1);
  static constexpr char kReport[] = "the report";
  side.report_fin(*claim, std::as_bytes(std::span(kReport)));
  job.fin_returned.fetch_add(1);
}

// One worker's segment, with the ring's positions where a test wants them.
struct Scene {
  shm::SegmentFds fds = *shm::create_segment();
  Ledger ledger;
  std::optional<shm::OfferSide> broker;
  Sequence sequence{0}, next{0};

  explicit Scene(std::uint64_t ring_position) {
    REQUIRE(shm::OfferSide::map(fds, Origin::fresh));
    (*shm::Region<shm::ToWorker>::map(fds.to_worker, "to_worker"))->rpos = ring_position;
    (*shm::Region<shm::FromWorker>::map(fds.from_worker, "from_worker"))->wpos = ring_position;
    broker = *shm::OfferSide::map(fds, Origin::inherited);
    sequence = offer(kJob);
    next = offer(kNextJob);
    REQUIRE(broker->prepare_to_sleep());  // so that the doorbell is really rung
  }

  Sequence offer(std::uint64_t job) {
    const auto made = broker->offer(shm::Offer{.job = JobId{job}, .kind = shm::JobKind::function, .payload = "four"});
    REQUIRE(made.has_value());
    return *made;
  }

  // `rehearsal`: another scene, to run the cycle in before. The dynamic linker then has nothing left to do while it is stepped: it makes
  // up three quarters of the instructions otherwise, and touches nothing of ours.
  void live(Scene& rehearsal) {
    auto rehearsing = *shm::ClaimSide::map(*shm::reopen_for_worker(rehearsal.fds));
    one_cycle(rehearsing, rehearsal.ledger);
    auto side = *shm::ClaimSide::map(*shm::reopen_for_worker(fds));
    Stepper::mark();
    one_cycle(side, ledger);
    Stepper::mark();
  }

  // What a broker makes of it after the death, checked against what the worker did.
  Fate judge() {
    bool reported = false;
    std::array<int, 4> frames{};
    const auto drained = broker->drain([&](const Frame& frame) {
      ++frames[static_cast<std::size_t>(frame.type)];
      reported = reported || frame.type == FrameType::fin;
    });
    REQUIRE(drained);
    broker->acknowledge();
    REQUIRE(broker->revoke(next));
    const JobRecord& job = ledger.job(kJob);
    const Fate fate = reported ? Fate::reported : broker->revoke(sequence) ? Fate::never_started : Fate::interrupted;
    switch (fate) {
      case Fate::reported:
        REQUIRE((job.starts == 1 && job.fin_begun == 1 && frames[1] == 1 && frames[2] == 1 && frames[3] == 1));
        break;
      case Fate::interrupted:
        REQUIRE((job.starts <= 1 && job.fin_returned == 0));
        break;
      case Fate::never_started:
        REQUIRE((job.starts == 0 && frames[1] == 0));
        break;
    }
    broker->release(sequence);
    broker->release(next);
    REQUIRE(broker->in_flight_count() == 0);
    return fate;
  }
};

struct WorkerAtMark {
  Scene rehearsal, scene;
  Stepper stepper;

  explicit WorkerAtMark(std::uint64_t position) : rehearsal(position), scene(position), stepper([this] { scene.live(rehearsal); }) {}
};

}  // namespace

TEST_CASE("a worker killed after any instruction leaves a job that is reported, interrupted or never started") {
  // From the ring's start, and so that START, DATA and FIN lie across its end in turn.
  const std::uint64_t position = GENERATE(std::uint64_t{0}, shm::kRingBytes - 8, shm::kRingBytes - 48, shm::kRingBytes - 112);
  const auto [begin, stride] = sweep();
  INFO("from instruction " << begin << " on");
  const std::vector<Place> way = WorkerAtMark(position).stepper.trace();
  std::map<Fate, int> fates;
  Fate latest = Fate::never_started;
  for (std::size_t i = begin; i < way.size(); i += stride) {
    WorkerAtMark worker(position);
    worker.stepper.run_to(way[i]);
    worker.stepper.kill();
    const Fate fate = worker.scene.judge();
    REQUIRE(fate >= latest);
    latest = fate;
    ++fates[fate];
  }
  std::cout << "worker killed at every " << stride << ". of " << way.size() << " instructions (ring at " << position
            << "): " << fates[Fate::never_started] << " never started, " << fates[Fate::interrupted] << " interrupted, "
            << fates[Fate::reported] << " reported\n";
  CHECK(latest == Fate::reported);
  CHECK(fates.size() == 3);
}

}  // namespace jobpool::fault
