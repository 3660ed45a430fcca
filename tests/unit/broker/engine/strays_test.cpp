// A broker dies between the descriptors that it sends ahead of an offer and the offer: whoever reads those streams must see their end. And
// the kernel does not take them.
#include <fcntl.h>
#include <unistd.h>

#include <map>

#include "common/control/order.hpp"
#include "tests/support/crowded_wire.hpp"
#include "tests/unit/broker/engine/house.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

struct LentPipe {
  LentPipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    reading = UniqueFd{ends[0]};
    writing = UniqueFd{ends[1]};
  }
  bool has_ended() {
    writing.reset();
    char byte = 0;
    return ::read(reading.get(), &byte, 1) == 0;
  }
  UniqueFd reading, writing;
};

// What a worker keeps by its orders: one set for each sequence.
using Kept = std::map<Sequence, std::vector<UniqueFd>>;

void hear(const House& house, Kept& kept) {
  while (auto heard = control::receive_order(house.workers.front()->orders.get()))
    if (heard->order.kind == control::OrderKind::descriptors) kept[heard->order.sequence] = std::move(heard->fds);
}

void send_ahead(House& house, Sequence sequence, const LentPipe& stream) {
  control::Order order;
  order.kind = control::OrderKind::descriptors;
  order.sequence = sequence;
  const int fds[] = {stream.writing.get()};
  REQUIRE(control::send_order(house.worker().seed(shm::OfferSide::Origin::inherited).orders.get(), order, fds));
}

FakeCallPtr apply_with(House& house, const LentPipe& stream) {
  auto call = std::make_shared<FakeCall>("org.jobpool.Pool.Apply", R"({"job":{"command":["true"],"key":"k","stdout":0}})", false);
  call->fds.push_back(copy_of(stream.writing));
  house.broker->verbs.handle(call);
  return call;
}

}  // namespace

// The next broker offers the job, with the caller's descriptors anew, to whichever worker is idle. The one that had them from the dead
// broker kept them until something was offered to it: `apply … | cat` did not end.
TEST_CASE("descriptors that were sent ahead of an offer that did not come are closed when the next broker has the worker") {
  House house;
  LentPipe stream;
  Kept kept;
  send_ahead(house, Sequence{1}, stream);
  hear(house, kept);
  REQUIRE_FALSE(stream.has_ended());
  house.next_broker();
  hear(house, kept);
  CHECK(stream.has_ended());
}

TEST_CASE("so are those whose offer was written and not made at the cost of its number") {
  House house;
  house.broker->apply("k");
  house.run_all();
  LentPipe stream;
  Kept kept;
  send_ahead(house, Sequence{2}, stream);
  hear(house, kept);
  house.worker().map_part<shm::ToWorker>(&shm::SegmentFds::to_worker)->desc[5].sequence = 2;
  house.next_broker();
  hear(house, kept);
  CHECK(stream.has_ended());
}

TEST_CASE("descriptors of an offer that stands are left to it by the next broker") {
  House house;
  LentPipe stream;
  Kept kept;
  apply_with(house, stream);
  house.turn();
  house.next_broker();
  hear(house, kept);
  CHECK_FALSE(stream.has_ended());
  REQUIRE(kept[Sequence{1}].size() == 1);
  kept.erase(Sequence{1});
  CHECK(stream.has_ended());
}

TEST_CASE("neither a worker that takes no orders nor one that is dead holds up a takeover") {
  House house(2);
  house.worker(0).orders.reset();
  control::Order order;
  order.kind = control::OrderKind::stop;
  const WorkerSeed full = house.worker(1).seed(shm::OfferSide::Origin::inherited);
  while (control::send_order(full.orders.get(), order)) {
  }
  house.next_broker();
  CHECK(house.broker->killed.empty());
}

TEST_CASE("descriptors that the kernel does not pass on at present cost no worker, and their job waits for the next tick") {
  // The bug: as many of this user's were on their way as may be, of whichever process: the worker was taken for one that takes no orders
  // and was killed, and then the next one, to which the job was offered.
  House house;
  LentPipe stream;
  Kept kept;
  testing::CrowdedWire wire;
  apply_with(house, stream);
  house.turn();
  house.turn();
  CHECK(house.broker->killed.empty());
  CHECK(house.broker->engine.core().find(JobId{1})->state == JobState::ready);
  CHECK_FALSE(house.worker().claim());
  CHECK(house.broker->engine.dispatcher().busy());
  wire.take();
  house.broker->engine.audit();
  house.turn();
  const auto claim = house.worker().claim();
  REQUIRE(claim);
  hear(house, kept);
  CHECK(kept[Sequence{1}].size() == 1);
  house.worker().run(*claim);
  house.turn();
  CHECK(house.broker->engine.core().find(JobId{1})->outcome == Outcome::succeeded);
  CHECK_FALSE(house.broker->engine.dispatcher().busy());
}
