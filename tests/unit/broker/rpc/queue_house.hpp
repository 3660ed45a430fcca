// Queues with real verbs, a store in memory and a log on a disk, and brokers that come and go over them.
#pragma once

#include <optional>

#include "daemon/broker/rpc/queue_verbs.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/broker/rpc/jobs.hpp"

namespace jobpool::broker {

struct QueueHouse {
  House house;
  jobpool::testing::TempDir dir;
  Now now{TimePoint{} + std::chrono::hours(1), 1'700'000'000'000'000};
  std::optional<QueueKeeper> keeper;
  std::optional<QueueVerbs> verbs;
  std::vector<FakeCallPtr> calls;  // of this broker; before what they refer to is gone

  ~QueueHouse() { bury_answers(); }
  QueueHouse() { open(); }
  void open() {
    auto log = QueueLog::open(dir.path(), house.instance);
    REQUIRE(log);
    auto found = log->read();
    REQUIRE(found);
    auto durable = house.store.load_queues();
    REQUIRE(durable);
    keeper.emplace(journal(), std::move(*log), QueueLimits{}, [this](Now& read) { read = now; });
    verbs.emplace(*keeper);
    keeper->inherit(std::move(*durable));
    keeper->inherit(std::move(found->queues));
    journal().set_put_listener([this](const std::vector<PutNumber>& puts) { keeper->on_puts_refused(puts); });
  }
  Journal& journal() { return house.broker->engine.journal(); }
  // What a dead process held is told nothing any more: kept for ever, and never destroyed.
  void bury_answers() {
    static auto* const graveyard = new std::vector<std::function<void()>>;
    for (const FakeCallPtr& one : calls) graveyard->push_back(std::exchange(one->unsent, nullptr));
    calls.clear();
  }
  void next_broker() {
    bury_answers();
    verbs.reset();
    keeper.reset();
    house.next_broker();
    open();
  }
  // Whatever the turn says is committed, and what follows from that too.
  void turn() {
    for (int step = 0; step < 3; ++step) {
      journal().end_turn();
      keeper->end_turn();
      house.commit();
    }
  }

  FakeCallPtr call(const std::string& method, const std::string& parameters) {
    auto made = std::make_shared<FakeCall>("org.jobpool.Queue." + method, parameters, false);
    made->keep_unsent = true;
    verbs->handle(made);
    calls.push_back(made);
    return made;
  }
  FakeCallPtr create(const std::string& more = "") { return call("Create", R"({"name":"q")" + more + "}"); }
  FakeCallPtr put(const std::string& items, const std::string& more = "") {
    return call("Put", R"({"name":"q","items":)" + items + more + "}");
  }
  FakeCallPtr get(const std::string& more = "") { return call("Get", R"({"name":"q")" + more + "}"); }
  std::string size() { return call("Size", R"({"name":"q"})")->parameters; }
  // Nobody but the test and this house holds it.
  static bool is_let_go(const FakeCallPtr& call) { return call.use_count() == 2; }
  // All of its bytes are with the socket; or its connection closed before.
  static void hand_over(const FakeCallPtr& call) {
    REQUIRE(call->unsent);
    std::exchange(call->unsent, nullptr)();
  }
  static void lose(const FakeCallPtr& call) { call->unsent = nullptr; }
};

}  // namespace jobpool::broker
