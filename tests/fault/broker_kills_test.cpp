// A broker is killed at random times while its worker goes on, or is killed with it, and each time another one takes over.
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "tests/fault/broker_life.hpp"
#include "tests/fault/worker_life.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_size.hpp"

namespace jobpool::fault {
namespace {

using Origin = shm::OfferSide::Origin;

// What a broker finds when it starts: the segment of its worker, and that of a worker which died with the broker before it.
struct Estate {
  shm::SegmentFds segment;
  std::optional<shm::SegmentFds> of_the_dead;
};

[[noreturn]] void live(const Estate& estate, const Ledger& ledger, std::uint32_t seed, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
  BrokerLife broker(ledger, seed);
  if (estate.of_the_dead) {
    broker.take_over(*shm::OfferSide::map(*estate.of_the_dead, Origin::inherited), estate.of_the_dead->eventfd.get());
    broker.bury();
    ledger->buried = true;
  }
  broker.take_over(*shm::OfferSide::map(estate.segment, Origin::inherited), estate.segment.eventfd.get());
  while (!(ledger->closing && broker.is_settled()) && ledger->broken == 0) {
    broker.turn();
    broker.sleep(std::chrono::seconds(1));
  }
  ::_exit(0);
}

// A forked broker, watched by a pidfd.
class BrokerProcess {
 public:
  BrokerProcess(const Estate& estate, const Ledger& ledger, std::uint32_t seed) {
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) live(estate, ledger, seed, parent);
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    REQUIRE(pidfd_);
  }
  // Whether it ended by itself within the time.
  bool ends_within(std::chrono::microseconds limit) {
    pollfd waited{pidfd_.get(), POLLIN, 0};
    const timespec time{limit.count() / 1'000'000, limit.count() % 1'000'000 * 1000};
    return ::ppoll(&waited, 1, &time, nullptr) == 1;
  }
  void kill() { kill_and_reap(pid_); }

 private:
  pid_t pid_;
  UniqueFd pidfd_;
};

shm::SegmentFds create_used_once(std::uint32_t threads) {
  shm::SegmentFds fds = *shm::create_segment(threads);
  // The layout version is in place before a worker starts; whoever is broker then inherits an unused segment.
  REQUIRE(shm::OfferSide::map(fds, Origin::fresh));
  return fds;
}

}  // namespace

TEST_CASE("every job is accounted for when brokers are killed at random times, alone or with their worker") {
  const std::uint32_t threads = GENERATE(1u, 3u);  // of the worker
  INFO(threads << " threads");
  const int kills = testing::heavy_of_size(500, 10'000);
  const Ledger ledger;
  std::mt19937 random(5);
  Estate estate{.segment = create_used_once(threads), .of_the_dead = {}};
  pid_t worker = spawn_worker(estate.segment, ledger);
  int both = 0, ended_early = 0;
  for (int kill = 0; kill < kills && ledger->broken == 0; ++kill) {
    BrokerProcess broker(estate, ledger, random());
    ended_early += broker.ends_within(std::chrono::microseconds(random() % 4000));
    broker.kill();
    // A dead worker's segment is kept until some broker says that it is settled: the one that buries may be killed too.
    if (ledger->buried) estate.of_the_dead.reset();
    if (random() % 4 != 0 || estate.of_the_dead) continue;
    kill_and_reap(worker);
    ++both;
    ledger->buried = false;
    estate.of_the_dead = std::move(estate.segment);
    estate.segment = create_used_once(threads);
    worker = spawn_worker(estate.segment, ledger);
  }
  ledger->closing = true;
  BrokerProcess last(estate, ledger, random());
  CHECK(last.ends_within(std::chrono::seconds(60)));
  last.kill();
  kill_and_reap(worker);

  std::cout << "broker of a worker with " << threads << " threads killed " << kills << " times, " << both
            << " of them with its worker, over " << ledger->accepted << " jobs; " << ledger->repeated << " reports came twice\n";
  INFO(ledger.first_broken());
  CHECK(ledger->broken == 0);
  CHECK(ended_early == 0);
  CHECK(ledger.count_misfits() == 0);
  CHECK(both > 0);
}

}  // namespace jobpool::fault
