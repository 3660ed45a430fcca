// Which verbs a call is for, and when a turn is full.
#include "daemon/broker/rpc/router.hpp"

#include "tests/unit/broker/rpc/jobs.hpp"

using namespace jobpool;
using namespace jobpool::broker;

namespace {

struct Counting final : CallHandler {
  void handle(std::shared_ptr<Call> call) override {
    ++calls;
    call->reply({});
  }
  bool is_turn_full() const override { return is_full; }
  int calls = 0;
  bool is_full = false;
};

}  // namespace

TEST_CASE("calls of org.jobpool.Queue are for the queues, all others for the jobs") {
  Counting jobs, queues;
  Router router(jobs, queues);
  for (const char* method : {"org.jobpool.Pool.ApplyAsync", "org.jobpool.Job.List", "org.jobpool.Queues.Put", "nonsense"})
    router.handle(std::make_shared<FakeCall>(method, "{}", false));
  CHECK(jobs.calls == 4);
  router.handle(std::make_shared<FakeCall>("org.jobpool.Queue.Put", "{}", false));
  CHECK(queues.calls == 1);
}

// It was not passed on when the router came between: turns no longer ended early, and many durable submits took 1.5 times as long.
TEST_CASE("a turn is full when either says so") {
  Counting jobs, queues;
  const Router router(jobs, queues);
  CHECK_FALSE(router.is_turn_full());
  jobs.is_full = true;
  CHECK(router.is_turn_full());
  jobs.is_full = false;
  queues.is_full = true;
  CHECK(router.is_turn_full());
}
