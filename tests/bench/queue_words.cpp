// How many empty jobs per second the queue alone moves between processes: one broker, N workers, nothing parsed, nothing stored.
//   queue_words [--workers=2] [--milliseconds=1000] [--rounds=5] [--depth=64]
// With --depth=1 and one worker it is the round trip: offer, wake, claim, report, wake.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <vector>

#include "common/shm/claim_side.hpp"
#include "common/shm/offer_side.hpp"
#include "tests/bench/benches.hpp"
#include "tests/bench/figures.hpp"

namespace jobpool::bench {
namespace {

[[noreturn]] void work_segment(const shm::SegmentFds& fds) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto side = *shm::ClaimSide::map(*shm::reopen_for_worker(fds));
  static constexpr char kReport[48] = "as long as the report of an empty job";
  for (;;) {
    if (const auto claim = side.try_claim()) {
      side.report_start(*claim, shm::StartBody{.started_usec = 1, .pid = 4711, .reserved = 0});
      side.report_fin(*claim, std::as_bytes(std::span(kReport)));
    } else {
      side.wait();
    }
  }
}

struct Desk {
  shm::SegmentFds fds = *shm::create_segment();
  std::optional<shm::OfferSide> side = *shm::OfferSide::map(fds, shm::OfferSide::Origin::fresh);
  pid_t worker = -1;
};

class QueueAlone {
 public:
  QueueAlone(std::size_t workers, std::size_t depth) : desks_(workers), depth_(depth), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (Desk& desk : desks_) {
      desk.worker = ::fork();
      if (desk.worker == 0) work_segment(desk.fds);
      epoll_event event{.events = EPOLLIN | EPOLLET, .data = {}};
      if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, desk.fds.eventfd.get(), &event) != 0) std::abort();
    }
  }
  ~QueueAlone() {
    for (const Desk& desk : desks_) {
      ::kill(desk.worker, SIGKILL);
      ::waitpid(desk.worker, nullptr, 0);
    }
  }

  double jobs_per_second(std::chrono::milliseconds length) {
    const auto begin = Clock::now();
    const std::uint64_t before = done_;
    while (Clock::now() - begin < length) {
      for (Desk& desk : desks_) serve(desk);
      sleep_if_idle();
    }
    return static_cast<double>(done_ - before) / std::chrono::duration<double>(Clock::now() - begin).count();
  }
  int audit() {
    int rescued = 0;
    for (Desk& desk : desks_) rescued += *desk.side->audit();
    return rescued;
  }

 private:
  void serve(Desk& desk) {
    shm::OfferSide& side = *desk.side;
    Sequence finished[shm::kSlots];
    std::size_t count = 0;
    const auto drained = side.drain([&](const shm::Frame& frame) {
      if (frame.type == shm::FrameType::fin) finished[count++] = frame.sequence;
    });
    if (!drained) std::abort();
    side.acknowledge();
    for (std::size_t i = 0; i < count; ++i) side.release(finished[i]);
    done_ += count;
    bool offered = false;
    while (side.in_flight_count() < depth_) {
      offered = true;
      side.offer(shm::Offer{.job = JobId{++job_}, .kind = shm::JobKind::function, .payload = "a request of thirty-two bytes..."});
    }
    if (offered) side.ring();
  }
  void sleep_if_idle() {
    bool idle = true;
    for (Desk& desk : desks_) idle = desk.side->prepare_to_sleep() && idle;
    epoll_event event;
    if (idle) ::epoll_wait(epoll_.get(), &event, 1, -1);
    for (Desk& desk : desks_) desk.side->wake_up();
  }

  std::vector<Desk> desks_;
  std::size_t depth_;
  UniqueFd epoll_;
  std::uint64_t job_ = 0, done_ = 0;
};

}  // namespace

int queue_words(int argc, char** argv) {
  const auto workers = static_cast<std::size_t>(option(argc, argv, "workers", 2));
  const auto depth = static_cast<std::size_t>(std::clamp<long>(option(argc, argv, "depth", shm::kSlots), 1, shm::kSlots));
  const std::chrono::milliseconds length(option(argc, argv, "milliseconds", 1'000));
  QueueAlone queue(workers, depth);
  std::vector<double> rates;
  for (long round = option(argc, argv, "rounds", 5); round > 0; --round) rates.push_back(queue.jobs_per_second(length));
  print_figure("queue.rate", rates, "jobs/s");
  print_figure("queue.rescued", {static_cast<double>(queue.audit())}, "sleepers");
  return 0;
}

}  // namespace jobpool::bench
