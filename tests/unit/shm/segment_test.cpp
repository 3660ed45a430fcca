// Creation, the worker's restricted set, and what a mapping refuses.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

#include "common/eventfd.hpp"
#include "tests/unit/shm/pair.hpp"

namespace jobpool::shm {

TEST_CASE("segment memfds are sealed against resizing and every descriptor is close-on-exec") {
  const SegmentFds fds = *create_segment();
  const SegmentFds worker = *reopen_for_worker(fds);
  for (const SegmentFds* set : {&fds, &worker}) {
    for (const UniqueFd* fd : {&set->control, &set->to_worker, &set->from_worker, &set->payload}) {
      CHECK((::fcntl(fd->get(), F_GET_SEALS) & (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) == (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
      CHECK((::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK((::fcntl(set->eventfd.get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(set->eventfd.get(), F_GETFL) & O_NONBLOCK) != 0);
  }
}

TEST_CASE("silencing a bell never waits, whatever the worker has made of it") {
  // The bug: the worker shares the bell, made it a blocking one, rang it and took its count away: the broker slept in read().
  const SegmentFds fds = *create_segment();
  REQUIRE(::fcntl(fds.eventfd.get(), F_SETFL, 0) == 0);
  silence_eventfd(fds.eventfd.get());
  ring_eventfd(fds.eventfd.get());
  pollfd bell{fds.eventfd.get(), POLLIN, 0};
  CHECK(::poll(&bell, 1, 0) == 1);
  silence_eventfd(fds.eventfd.get());
  CHECK(::poll(&bell, 1, 0) == 0);
}

TEST_CASE("a worker cannot map writable what it may only read") {
  const SegmentFds worker = *reopen_for_worker(*create_segment());
  CHECK(::mmap(nullptr, sizeof(ToWorker), PROT_READ | PROT_WRITE, MAP_SHARED, worker.to_worker.get(), 0) == MAP_FAILED);
  CHECK(::mmap(nullptr, sizeof(PayloadArea), PROT_READ | PROT_WRITE, MAP_SHARED, worker.payload.get(), 0) == MAP_FAILED);
}

TEST_CASE("both ends meet over their own descriptors") {
  const SegmentFds fds = *create_segment();
  OfferSide broker = *OfferSide::map(fds, OfferSide::Origin::fresh);
  ClaimSide worker = *ClaimSide::map(*reopen_for_worker(fds));
  const auto sequence = broker.offer(Offer{.job = JobId{7}, .kind = JobKind::command, .payload = "true"});
  const auto claim = worker.try_claim();
  REQUIRE(claim.has_value());
  CHECK(claim->sequence == *sequence);
  CHECK(claim->payload == "true");
}

TEST_CASE("a memfd of another size, or one that could shrink, is refused") {
  SegmentFds fds = *create_segment();
  fds.to_worker.reset(::memfd_create("short", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::ftruncate(fds.to_worker.get(), sizeof(ToWorker)) == 0);
  const auto unsealed = OfferSide::map(fds, OfferSide::Origin::fresh);
  REQUIRE(!unsealed);
  CHECK(unsealed.error().code == Errc::protocol);
  CHECK(contains(unsealed.error().text, "to_worker"));

  REQUIRE(::ftruncate(fds.to_worker.get(), 4096 * 1024) == 0);
  REQUIRE(::fcntl(fds.to_worker.get(), F_ADD_SEALS, F_SEAL_SHRINK) == 0);
  CHECK(!OfferSide::map(fds, OfferSide::Origin::fresh));
}

TEST_CASE("another layout version is refused by a worker and by a new broker") {
  Pair pair;
  pair.bare.to_worker->layout_version = kLayoutVersion + 1;
  const auto worker = ClaimSide::map(*reopen_for_worker(pair.fds));
  REQUIRE(!worker);
  CHECK(worker.error().code == Errc::unsupported);
  const auto broker = OfferSide::map(pair.fds, OfferSide::Origin::inherited);
  REQUIRE(!broker);
  CHECK(broker.error().code == Errc::unsupported);
}

}  // namespace jobpool::shm
