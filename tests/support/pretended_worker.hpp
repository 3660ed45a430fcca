// A worker without a process: its segment and its own end of the queue, in the hands of a test or of the simulator.
// Throws where something cannot be set up: Catch2 and the simulator both count that as a failure.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/job/report.hpp"
#include "common/shm/claim_side.hpp"
#include "common/shm/segment.hpp"
#include "daemon/broker/pool/dispatcher.hpp"

namespace jobpool::broker {

inline UniqueFd copy_of(const UniqueFd& fd) { return UniqueFd{::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3)}; }

// A worker: the supervisor's descriptors, and its own end of the queue.
class PretendedWorker {
 public:
  explicit PretendedWorker(std::uint64_t number) : incarnation{number}, number_{static_cast<std::uint32_t>(number)} {
    auto made = shm::create_segment();
    require(static_cast<bool>(made));
    fds_ = std::move(*made);
    int pair[2];
    require(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    broker_orders_ = UniqueFd{pair[0]};
    orders = UniqueFd{pair[1]};
  }
  WorkerSeed seed(shm::OfferSide::Origin origin) const {
    return {.incarnation = incarnation,
            .number = number_,
            .pool = pool,
            .pid = ::getpid(),
            .side = shm::OfferSide::map(fds_, origin),
            .eventfd = copy_of(fds_.eventfd),
            .orders = copy_of(broker_orders_)};
  }
  // Once a broker has seen the segment.
  void start() {
    auto mine = shm::reopen_for_worker(fds_);
    require(static_cast<bool>(mine));
    auto side = shm::ClaimSide::map(*mine);
    require(static_cast<bool>(side));
    claims_.emplace(std::move(*side));
  }
  std::optional<shm::Claim> claim() {
    auto got = claims_->try_claim();
    if (got) claimed.push_back(got->job);
    return got;
  }
  void announce_leaving() { claims_->announce_leaving(); }
  void report_start(const shm::Claim& claim, std::int64_t started_usec = wall_usec()) {
    claims_->report_start(claim, {.started_usec = started_usec, .pid = 4711, .reserved = 0});
  }
  void report_end(const shm::Claim& claim, const std::string& result = "49") {
    Report report;
    report.ending = Ending::returned;
    report.ended_usec = wall_usec();
    report.result = result;
    this->report(claim, report);
  }
  // Requires: it fits into the ring at once.
  void report_in_pieces(const shm::Claim& claim, const std::string& result) {
    claims_->report_data(claim, result);
    Report report;
    report.ended_usec = wall_usec();
    report.streamed = true;
    this->report(claim, report);
  }
  void report(const shm::Claim& claim, const Report& report) {
    std::vector<std::byte> bytes;
    encode_report(report, bytes);
    claims_->report_fin(claim, bytes);
  }
  void run(const shm::Claim& claim) {
    report_start(claim);
    report_end(claim);
  }
  // The word and the record of slot 0, for tests that spoil or rewind them.
  template <class Part>
  Part* map_part(const UniqueFd shm::SegmentFds::*part) const {
    void* at = ::mmap(nullptr, sizeof(Part), PROT_READ | PROT_WRITE, MAP_SHARED, (fds_.*part).get(), 0);
    require(at != MAP_FAILED);
    return static_cast<Part*>(at);
  }

  const Incarnation incarnation;
  PoolNumber pool;
  UniqueFd orders;
  std::vector<JobId> claimed;  // all it ever claimed

 private:
  static void require(bool holds) {
    if (!holds) throw std::runtime_error("a pretended worker could not be set up");
  }

  WorkerNumber number_;
  shm::SegmentFds fds_;
  UniqueFd broker_orders_;
  std::optional<shm::ClaimSide> claims_;
};

}  // namespace jobpool::broker
